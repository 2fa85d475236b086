"""Policy packs in the engine: every resource before it is written, and the stack as a whole."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from policies.model import Finding, Level, Resource
from policies.readers.state import AWS_PROVIDER
from policies.runtime import Packs
from policies.unknown import UNKNOWN as POLICY_UNKNOWN
from sandbox.engine.events import Emit, PolicyFinding
from sandbox.engine.state.record import Record
from sandbox.engine.urns import parse
from sandbox.engine.values import Json, Secret, Unknown, transform


class PolicyBlockedError(Exception):
    """A mandatory policy forbids a resource; the message names rule, resource and remedy."""


class PolicyGate:
    """Asks the packs and reports what they find, each finding once."""

    def __init__(self, packs: Packs, stack: str, emit: Emit) -> None:
        self.blocked = False
        self._packs = packs
        self._stack = stack
        self._emit = emit
        self._seen: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()

    def check(self, record: Record, *, stop: bool) -> None:
        """Ask about one resource.

        Args:
            record: the resource as it should become.
            stop: raise at a mandatory finding; a plan collects them instead.

        Raises:
            PolicyBlockedError: a mandatory rule is broken and `stop` is set.
        """
        self._report(self._packs.check_resource(_view(record), stack=self._stack), stop=stop)

    def check_stack(self, records: Iterable[Record]) -> None:
        """Ask about the stack as a whole; `blocked` tells whether a mandatory rule is broken."""
        resources = [_view(record) for record in records if record.custom and _is_judged(record.type)]
        self._report(self._packs.check_stack(resources, stack=self._stack), stop=False)

    def _report(self, findings: Iterable[Finding], *, stop: bool) -> None:
        blocking: list[Finding] = []
        for finding in findings:
            mandatory = finding.level is Level.MANDATORY and not finding.unknown
            with self._lock:
                key = (finding.rule, finding.urn, finding.path)
                fresh = key not in self._seen
                self._seen.add(key)
                self.blocked = self.blocked or mandatory
            if fresh:
                self._emit(_event(finding, mandatory=mandatory))
            if mandatory:
                blocking.append(finding)
        if stop and blocking:
            first = blocking[0]
            raise PolicyBlockedError(f"{first.urn}: {first.rule}: {first.message}. To fix it: {first.remedy}")


def _event(finding: Finding, *, mandatory: bool) -> PolicyFinding:
    return PolicyFinding(
        rule=finding.rule,
        level=finding.level.value,
        mandatory=mandatory,
        urn=finding.urn,
        path=finding.path,
        message=finding.message,
        remedy=finding.remedy,
    )


def _is_judged(type_: str) -> bool:
    # The default tags of an AWS provider are tags of all that it makes.
    return type_ == AWS_PROVIDER or not type_.startswith("pulumi:")


def _view(record: Record) -> Resource:
    return Resource(record.urn, record.type, parse(record.urn).name, transform(record.inputs, _leaf))


def _leaf(value: Json) -> Json:
    if isinstance(value, Unknown):
        return POLICY_UNKNOWN
    return "[secret]" if isinstance(value, Secret) else value
