"""What charts of others bring that a rule does not allow, as people reviewed it for one exact version of each chart.

A chart makes its objects by itself, so they cannot be repaired here; what they may break is written down instead. The
review names the chart's version: with another one in the catalog it holds no longer, and every finding is back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from policies.environments import level_for
from policies.errors import InputError
from policies.exceptions import UNUSED
from policies.model import Finding, Resource, Severity, Stack
from policies.once import once
from policies.rule import Rule

OUTDATED: Final = "EXC-003"
"""The id of the finding for a review of another version than the one that is installed."""

_FILE: Final = Path(__file__).with_name("chart_reviews.yaml")
_CATALOG: Final = Path(__file__).parents[1] / "infra" / "catalog" / "charts.yaml"
_FIELDS: Final = {"rules", "objects", "reason"}
_MADE_BY_CHART = re.compile(
    r"\$kubernetes:helm\.sh/v4:Chart\$(?:[^:]+:)+(?P<kind>[^:]+)::(?P<release>[^:]+):(?:[^/:]+/)?(?P<name>[^/]+)$"
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What some objects of a chart may break.

    Attributes:
        rules: The ids of the rules.
        objects: The objects, as `Kind/name`, in which `*` stands for any text.
        reason: Why the chart's program needs it.
    """

    rules: tuple[str, ...]
    objects: tuple[str, ...]
    reason: str

    def covers(self, rule: str, object_: str) -> bool:
        """Whether it speaks of that rule and that object."""
        return rule in self.rules and any(fnmatchcase(object_, pattern) for pattern in self.objects)


@dataclass(frozen=True, slots=True)
class Review:
    """The review of one chart.

    Attributes:
        version: The version that was reviewed.
        installed: The version of the catalog; empty if the catalog does not name the chart.
        owner: The team that answers for it.
        accepted: What was accepted.
    """

    version: str
    installed: str
    owner: str
    accepted: tuple[Accepted, ...]

    @property
    def holds(self) -> bool:
        """Whether it is about the version that is installed."""
        return self.version == self.installed


@dataclass(frozen=True, slots=True)
class ChartReviews:
    """The reviews by the chart's release name, which is its name in the catalog."""

    reviews: Mapping[str, Review]

    def excused(self, finding: Finding) -> bool:
        """Whether a review that holds accepts the finding."""
        return next(self._covering(finding), None) is not None

    def judge(self, rules: Iterable[Rule], whole: Stack, of_stack: Sequence[Finding]) -> Iterator[Finding]:
        """The findings about the reviews of charts that are installed: out of date, or accepting what nobody does.

        Args:
            rules: The rules in use; what is accepted of other rules is not judged.
            whole: The stack.
            of_stack: What the rules about the whole stack found, excused or not.
        """
        by_id = {rule.id: rule for rule in rules}
        for release, resources in _made_by_charts(whole.resources).items():
            review = self.reviews.get(release)
            if review is None:
                continue
            if not review.holds:
                message = (
                    f"the review of the chart {release} is of {review.version}, and {review.installed} is installed"
                )
                yield _finding(OUTDATED, release, review, message, whole.name)
                continue
            for accepted in review.accepted:
                for rule in (by_id[id_] for id_ in accepted.rules if id_ in by_id):
                    found = (finding for resource in resources for finding in rule.evaluate(resource, stack=whole.name))
                    if not any(accepted in self._covering(finding) for finding in (*of_stack, *found)):
                        message = f"the review of the chart {release} accepts {rule.id} for nothing"
                        yield _finding(UNUSED, release, review, message, whole.name)

    def _covering(self, finding: Finding) -> Iterator[Accepted]:
        made = _made_by_chart(finding.urn)
        review = self.reviews.get(made["release"]) if made else None
        if made and review and review.holds:
            object_ = f"{made['kind']}/{made['name']}"
            yield from (accepted for accepted in review.accepted if accepted.covers(finding.rule, object_))


def _made_by_chart(urn: str) -> re.Match[str] | None:
    return _MADE_BY_CHART.search(urn) if "helm.sh/v4:Chart$" in urn else None


def _made_by_charts(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    made: dict[str, list[Resource]] = {}
    for resource in resources:
        match = _made_by_chart(resource.urn)
        if match:
            made.setdefault(match["release"], []).append(resource)
    return made


def _finding(id_: str, release: str, review: Review, message: str, stack: str) -> Finding:
    return Finding(
        rule=id_,
        severity=Severity.MEDIUM,
        level=level_for(stack, mandatory_everywhere=True),
        urn="",
        address=f"review of the chart {release}",
        path=f"charts.{release}",
        message=message,
        remedy=f"Read what the chart brings and renew its review in {_FILE.name}; {review.owner} answers for it.",
        source=str(_FILE),
    )


def load_reviews(known_rules: Iterable[str], file: Path = _FILE, catalog: Path = _CATALOG) -> ChartReviews:
    """Read the reviews.

    Args:
        known_rules: The ids of all rules of all packs; a review that accepts any other id is refused.
        file: The reviews.
        catalog: The catalog of charts, which says what version is installed.

    Raises:
        InputError: A file is no YAML, or an entry is not as it must be.
    """
    charts = _mapping(file, _read(file).get("charts"), "charts")
    installed = _mapping(catalog, _read(catalog).get("charts"), "charts") if catalog.is_file() else {}
    known = frozenset(known_rules)
    reviews = {}
    for name, entry in charts.items():
        where = f"charts.{name}"
        if set(_mapping(file, entry, where)) != {"version", "owner", "accepted"}:
            raise InputError(f"{file}: {where}: must have exactly the keys version, owner, accepted")
        if not isinstance(entry["accepted"], list):
            raise InputError(f"{file}: {where}.accepted: must be a list")
        accepted = (_accepted(file, f"{where}.accepted[{i}]", each, known) for i, each in enumerate(entry["accepted"]))
        version = str(installed[name].get("version", "")) if name in installed else ""
        reviews[name] = Review(str(entry["version"]), version, str(entry["owner"]), tuple(accepted))
    return ChartReviews(reviews)


@once
def committed_reviews(known_rules: frozenset[str]) -> ChartReviews:
    """The reviews of this repository, read once; none where the packs are used without the file."""
    return load_reviews(known_rules) if _FILE.is_file() else ChartReviews({})


def _accepted(file: Path, where: str, entry: Any, known: frozenset[str]) -> Accepted:
    if set(_mapping(file, entry, where)) != _FIELDS:
        raise InputError(f"{file}: {where}: must have exactly the keys {', '.join(sorted(_FIELDS))}")
    for name in ("rules", "objects"):
        if (
            not isinstance(entry[name], list)
            or not entry[name]
            or not all(isinstance(item, str) for item in entry[name])
        ):
            raise InputError(f"{file}: {where}.{name}: must be a list of text that is not empty")
    for rule in entry["rules"]:
        if rule not in known:
            raise InputError(f"{file}: {where}.rules: {rule!r} is no rule; 'policies list' names them all")
    for pattern in entry["objects"]:
        kind, _, name = pattern.partition("/")
        if not kind.isalnum() or not name.strip("*"):
            raise InputError(f"{file}: {where}.objects: {pattern!r} must name a kind and a name, as Role/reader-*")
    if not isinstance(entry["reason"], str) or not entry["reason"].strip():
        raise InputError(f"{file}: {where}.reason: is {entry['reason']!r} and must be text that is not empty")
    return Accepted(tuple(entry["rules"]), tuple(entry["objects"]), entry["reason"])


def _mapping(file: Path, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{file}: {where}: must be a mapping, and is {type(value).__name__}")
    return value


def _read(file: Path) -> dict[str, Any]:
    # Only stacks with charts need the reviews; they pay for PyYAML.
    import yaml  # noqa: PLC0415

    try:
        document = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{file}: is not YAML: {error}") from error
    return _mapping(file, document, "the document")
