from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from policies.environments import level_for
from policies.errors import InputError
from policies.model import Finding, Resource, Severity
from policies.rule import Rule

EXPIRED: Final = "EXC-001"
"""The id of the finding for an exception whose last day is over."""

UNUSED: Final = "EXC-002"
"""The id of the finding for an exception that excuses nothing."""

MAXIMUM: Final = 5
"""How many exceptions there may be in all; more means that a rule is wrong, not the resources."""

_DEFAULT_FILE = Path(__file__).with_name("exceptions.yaml")
_FIELDS = ("rule", "urn", "reason", "owner", "expires")
_OBJECT = "object"
_REMEDY = "Remove it from the exceptions, or make the resource comply and then remove it."


@dataclass(frozen=True, slots=True)
class ExceptionEntry:
    """One resource (or one narrow pattern of them) that one rule does not hold for.

    Attributes:
        rule: The rule's id.
        urn: A URN pattern with `*` and `?`; it must name a type and a name, so `*` alone is refused.
        reason: Why it cannot comply.
        owner: The team that answers for it.
        expires: The last day on which it holds.
        object: The Kubernetes object that it speaks of, as `namespace/name`, which excuses it at admission too; empty
            for what is not judged there.
    """

    rule: str
    urn: str
    reason: str
    owner: str
    expires: date
    object: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of that finding, whatever the day."""
        return finding.rule == self.rule and fnmatchcase(finding.urn, self.urn)


@dataclass(frozen=True, slots=True)
class Exceptions:
    """The exceptions and the file that they were read from."""

    entries: Sequence[ExceptionEntry] = ()
    file: str = ""

    def excused(self, finding: Finding, today: date) -> bool:
        """Whether an exception that still holds covers the finding."""
        return any(entry.covers(finding) and today <= entry.expires for entry in self.entries)

    def judge(
        self, rules: Iterable[Rule], resources: Sequence[Resource], *, stack: str, today: date
    ) -> Iterator[Finding]:
        """The findings about the exceptions themselves: those that are expired and those that excuse nothing.

        Args:
            rules: The rules in use; exceptions for other rules are not judged.
            resources: All resources of the stack.
            stack: The stack's name.
            today: The day to judge by.
        """
        by_id = {rule.id: rule for rule in rules}
        for entry in self.entries:
            rule = by_id.get(entry.rule)
            if rule is None:
                continue
            if today > entry.expires:
                message = f"the exception of {entry.rule} for {entry.urn} expired on {entry.expires}"
                yield self._finding(EXPIRED, entry, message, stack)
            elif not self._used(entry, rule, resources, stack):
                message = f"the exception of {entry.rule} for {entry.urn} excuses nothing"
                yield self._finding(UNUSED, entry, message, stack)

    def _used(self, entry: ExceptionEntry, rule: Rule, resources: Sequence[Resource], stack: str) -> bool:
        return any(
            entry.covers(finding)
            for resource in resources
            if fnmatchcase(resource.urn, entry.urn)
            for finding in rule.evaluate(resource, stack=stack)
        )

    def _finding(self, id_: str, entry: ExceptionEntry, message: str, stack: str) -> Finding:
        return Finding(
            rule=id_,
            severity=Severity.MEDIUM,
            level=level_for(stack, mandatory_everywhere=True),
            urn="",
            address=f"exception of {entry.owner}",
            path=entry.urn,
            message=message,
            remedy=_REMEDY,
            source=self.file,
        )


def today() -> date:
    """The day in UTC, by which exceptions expire everywhere at once."""
    return datetime.now(UTC).date()


def load_exceptions(known_rules: Iterable[str], file: Path | None = None) -> Exceptions:
    """Read the exceptions.

    Args:
        known_rules: The ids of all rules of all packs; an exception for any other id is refused.
        file: The file; by default the one beside this module.

    Raises:
        InputError: If the file is missing, is not YAML, or an entry is not as it must be.
    """
    file = file or _DEFAULT_FILE
    document = _read(file)
    entries = document.get("exceptions") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise InputError(
            f"{file}: must hold one key 'exceptions' with a list; write 'exceptions: []' if there are none"
        )
    if len(entries) > MAXIMUM:
        raise InputError(f"{file}: has {len(entries)} exceptions, and at most {MAXIMUM} are allowed; change the rule")
    known = frozenset(known_rules)
    return Exceptions(tuple(_entry(file, place, entry, known) for place, entry in enumerate(entries)), str(file))


def _read(file: Path) -> Any:
    # PyYAML takes longer to import than the rules; who only imports the runtime does not pay for it.
    import yaml  # noqa: PLC0415

    try:
        return yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{file}: is not YAML: {error}") from error


def _entry(file: Path, place: int, entry: Any, known: frozenset[str]) -> ExceptionEntry:
    where = f"{file}: exceptions[{place}]"
    if not isinstance(entry, dict) or set(entry) - {_OBJECT} != set(_FIELDS):
        raise InputError(f"{where}: must have exactly the keys {', '.join(_FIELDS)}, and may have {_OBJECT}")
    named = [_OBJECT] if _OBJECT in entry else []
    for name in (*_FIELDS[:-1], *named):
        if not isinstance(entry[name], str) or not entry[name].strip():
            raise InputError(f"{where}.{name}: is {entry[name]!r} and must be text that is not empty")
    if entry["rule"] not in known:
        raise InputError(f"{where}.rule: {entry['rule']!r} is no rule; 'policies list' names them all")
    type_and_name = entry["urn"].split("::")[-2:]
    if len(type_and_name) < 2 or not all(part.strip("*?") for part in type_and_name):
        raise InputError(f"{where}.urn: {entry['urn']!r} must name a type and a name (urn:pulumi:*::*::type::name)")
    expires = entry["expires"]
    if not isinstance(expires, date) or isinstance(expires, datetime):
        raise InputError(f"{where}.expires: is {expires!r} and must be a day, as 2027-01-31")
    if named and not re.fullmatch(r"[a-z0-9.-]+/[a-z0-9.-]+", entry[_OBJECT]):
        raise InputError(f"{where}.{_OBJECT}: is {entry[_OBJECT]!r} and must be namespace/name of a Kubernetes object")
    return ExceptionEntry(entry["rule"], entry["urn"], entry["reason"], entry["owner"], expires, entry.get(_OBJECT, ""))
