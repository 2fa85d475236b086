from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from policies.environments import level_for
from policies.kinds import Kinds
from policies.model import Finding, Level, Resource, Severity, Stack, Violation
from policies.unknown import UnknownValueError


class Selector(Protocol):
    """Picks what a rule is asked about: whole resources, pods, containers."""

    @property
    def summary(self) -> str:
        """What it picks, in words, for `policies explain`."""

    def targets(self, resource: Resource) -> Iterable[Any]:
        """The things in the resource that the rule is asked about, each in its turn.

        Raises:
            UnknownValueError: If it cannot be known yet what they are.
        """


@dataclass(frozen=True, slots=True)
class Types:
    """Picks whole resources of the type tokens given."""

    tokens: frozenset[str]

    @property
    def summary(self) -> str:
        """The tokens, sorted."""
        return ", ".join(sorted(self.tokens))

    def targets(self, resource: Resource) -> Iterable[Resource]:
        """The resource itself, if its type is one of the tokens."""
        return (resource,) if resource.type in self.tokens else ()


@dataclass(frozen=True, slots=True)
class WholeStack:
    """Picks the stack as a whole; the rule is asked once with a `Stack`."""

    @property
    def summary(self) -> str:
        """What it picks, in words."""
        return "the whole stack"

    def targets(self, resource: Resource) -> Iterable[Resource]:
        """Nothing: such a rule is not asked about single resources."""
        del resource
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pure function over a target, and what people need to know about it.

    Attributes:
        id: Permanent, such as `POD-001`; never given to another rule.
        title: One line in the imperative.
        severity: How much harm a breach can do.
        topics: What it is about, for filtering.
        frameworks: The controls of public standards that it covers, as `standard:control`.
        applies_to: What the check is asked about.
        rationale: Why the rule exists.
        remediation: How to comply.
        check: Yields a `Violation` for each breach in one target.
        mandatory_everywhere: Whether it stops a deployment also where rules are otherwise advisory.
    """

    id: str
    title: str
    severity: Severity
    topics: tuple[str, ...]
    frameworks: tuple[str, ...]
    applies_to: Selector
    rationale: str
    remediation: str
    check: Callable[[Any], Iterable[Violation]]
    mandatory_everywhere: bool = False

    @property
    def cel(self) -> str | None:
        """The same rule as a CEL expression for admission: `rule.cel` beside the rule's module, if there is one.

        It says of one target that it complies; comments are left out.
        """
        module = sys.modules[self.check.__module__].__file__
        file = Path(module or "").with_name("rule.cel")
        if not file.is_file():
            return None
        lines = file.read_text("utf-8").splitlines()
        return "\n".join(line for line in lines if not line.lstrip().startswith("//")).strip()

    @property
    def places(self) -> tuple[str, ...]:
        """Where the rule is asked, in words."""
        admission = ("at admission by the API server",) if self.cel else ()
        return ("at preview and up", "on files and states by policies check", *admission)

    @property
    def about_stack(self) -> bool:
        """Whether the rule is asked about the stack as a whole."""
        return isinstance(self.applies_to, WholeStack)

    def may_concern(self, type: str) -> bool:
        """Whether any resource of a type could be asked about; what cannot is left out before its rules are asked.

        Args:
            type: The Pulumi type token.
        """
        if isinstance(self.applies_to, Types | Kinds):
            # What these pick follows from the type alone.
            return bool(self.applies_to.targets(Resource("", type, "", {})))
        return not self.about_stack

    def evaluate(self, resource: Resource, *, stack: str) -> Iterator[Finding]:
        """Ask the rule about one resource.

        A value that is not yet known ends the rule for its target only, so that it hides nothing about the others.
        """
        try:
            for target in self.applies_to.targets(resource):
                yield from self._ask(target, resource, stack)
        except UnknownValueError as error:
            yield self._unknown(resource, error.path)

    def evaluate_stack(self, stack: Stack) -> Iterator[Finding]:
        """Ask the rule about the stack as a whole."""
        if self.about_stack:
            yield from self._ask(stack, None, stack.name)

    def metadata(self) -> dict[str, Any]:
        """Everything about the rule but its function, as plain data for JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "severity": self.severity.value,
            "topics": list(self.topics),
            "frameworks": list(self.frameworks),
            "applies_to": self.applies_to.summary,
            "mandatory_everywhere": self.mandatory_everywhere,
            "rationale": self.rationale,
            "remediation": self.remediation,
            "places": list(self.places),
            "cel": self.cel,
        }

    def _ask(self, target: object, resource: Resource | None, stack: str) -> Iterator[Finding]:
        try:
            for violation in self.check(target):
                yield self._finding(violation, violation.resource or resource, stack)
        except UnknownValueError as error:
            yield self._unknown(resource, error.path)

    def _finding(self, violation: Violation, resource: Resource | None, stack: str) -> Finding:
        return Finding(
            rule=self.id,
            severity=self.severity,
            level=level_for(stack, mandatory_everywhere=self.mandatory_everywhere),
            urn=resource.urn if resource else "",
            address=resource.address if resource else "",
            path=violation.path,
            message=violation.message,
            remedy=violation.remedy or self.remediation,
            source=resource.source if resource else "",
        )

    def _unknown(self, resource: Resource | None, path: str) -> Finding:
        return Finding(
            rule=self.id,
            severity=self.severity,
            level=Level.ADVISORY,
            urn=resource.urn if resource else "",
            address=resource.address if resource else "",
            path=path,
            message=f"UNKNOWN: {path} is not known yet, so {self.id} cannot be judged",
            remedy="It is judged when the value is known; declare it as a plain value to have it judged at preview.",
            source=resource.source if resource else "",
            unknown=True,
        )


def rule(
    *,
    id: str,
    title: str,
    severity: Severity,
    topics: tuple[str, ...],
    applies_to: Selector,
    rationale: str,
    remediation: str,
    frameworks: tuple[str, ...] = (),
    mandatory_everywhere: bool = False,
) -> Callable[[Callable[[Any], Iterable[Violation]]], Rule]:
    """Make a `Rule` of the function below; the arguments are the attributes of `Rule`."""

    def decorate(check: Callable[[Any], Iterable[Violation]]) -> Rule:
        return Rule(
            id=id,
            title=title,
            severity=severity,
            topics=topics,
            frameworks=frameworks,
            applies_to=applies_to,
            rationale=rationale,
            remediation=remediation,
            check=check,
            mandatory_everywhere=mandatory_everywhere,
        )

    return decorate
