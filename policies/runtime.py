"""The rules as a library, for the embedded engine, the command line and the Pulumi adapter.

Importing this module is cheap: neither Pulumi nor YAML is imported until they are needed.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from policies.chart_reviews import ChartReviews, committed_reviews
from policies.errors import InputError
from policies.exceptions import Exceptions, load_exceptions, today
from policies.model import Finding, Resource, Stack
from policies.pack import Pack
from policies.pods import EveryContainer, EveryPod, pods_of
from policies.rule import Rule
from policies.unknown import UnknownValueError

PACKS: Final = ("aws", "masking", "network", "quotas", "workloads")
"""The names of all packs."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rules that are asked about resources of a type: all, and those that remain if a resource has no pods."""

    all: tuple[Rule, ...]
    but_pods: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Packs:
    """Packs that are loaded, with their rules and the exceptions that hold.

    Attributes:
        packs: The packs, in the order of loading.
        rules: Their rules, by id, each once.
        exceptions: The resources that are excused.
        reviews: What charts of others may break.
    """

    packs: Sequence[Pack]
    rules: dict[str, Rule]
    exceptions: Exceptions = field(default_factory=Exceptions)
    reviews: ChartReviews = field(default_factory=lambda: ChartReviews({}))
    _by_type: dict[str, _Asked] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def needs_stack(self) -> bool:
        """Whether `check_stack` can find anything, so that the whole need not be gathered for nothing."""
        excuses = self.exceptions.entries or self.reviews.reviews
        return bool(excuses) or any(rule.about_stack for rule in self.rules.values())

    def check_resource(self, resource: Resource, *, stack: str, day: date | None = None) -> list[Finding]:
        """Ask every rule about one resource.

        Args:
            resource: The resource.
            stack: The stack's name, from which the enforcement level follows; empty for none.
            day: The day by which exceptions are judged; today by default.

        Returns:
            The findings that no exception and no review of a chart excuses, in the order of the rules. Values that are
            not yet known give findings with `unknown` set and level advisory. Empty means that every rule was asked and
            is content.
        """
        asked = self._by_type.get(resource.type)
        if asked is None:
            asked = self._by_type[resource.type] = self._asked(resource.type)
        rules = asked.all if asked.all is asked.but_pods or _may_carry_pods(resource) else asked.but_pods
        findings = [finding for rule in rules for finding in rule.evaluate(resource, stack=stack)]
        return self._unexcused(findings, day)

    def check_stack(self, resources: Iterable[Resource], *, stack: str, day: date | None = None) -> list[Finding]:
        """Ask the rules about the whole, and judge the exceptions themselves.

        It does not ask the rules about single resources again; that is what `check_resource` is for.

        Args:
            resources: All resources of the stack.
            stack: The stack's name; empty for none.
            day: The day by which exceptions are judged; today by default.
        """
        whole = Stack(stack, tuple(resources))
        findings = [finding for rule in self.rules.values() for finding in rule.evaluate_stack(whole)]
        judged = self.exceptions.judge(self.rules.values(), whole.resources, stack=stack, today=day or today())
        reviewed = self.reviews.judge(self.rules.values(), whole, findings)
        return [*self._unexcused(findings, day), *judged, *reviewed]

    def _asked(self, type: str) -> _Asked:
        concerned = tuple(rule for rule in self.rules.values() if rule.may_concern(type))
        but_pods = tuple(rule for rule in concerned if not isinstance(rule.applies_to, EveryPod | EveryContainer))
        return _Asked(concerned, concerned if len(but_pods) == len(concerned) else but_pods)

    def _unexcused(self, findings: list[Finding], day: date | None) -> list[Finding]:
        if not findings:
            return findings
        when = day or today()
        left = [finding for finding in findings if not self.reviews.excused(finding)]
        return [finding for finding in left if not self.exceptions.excused(finding, when)]


def _may_carry_pods(resource: Resource) -> bool:
    try:
        return bool(pods_of(resource))
    except UnknownValueError:
        return True


def load_packs(names: Iterable[str] | None = None, *, exceptions: Path | None = None) -> Packs:
    """Load packs with their rules and the exceptions.

    Args:
        names: The packs to load; all of them by default.
        exceptions: The exceptions file; `policies/exceptions.yaml` by default.

    Raises:
        InputError: If there is no pack of that name, or the exceptions cannot be used.
    """
    packs = [_load_pack(name) for name in (PACKS if names is None else names)]
    rules = {id_: _load_rule(id_, folder) for pack in packs for id_, folder in pack.rules.items()}
    known = frozenset(id_ for name in PACKS for id_ in _load_pack(name).rules)
    return Packs(tuple(packs), rules, load_exceptions(known, exceptions), committed_reviews(known))


def _load_pack(name: str) -> Pack:
    if name not in PACKS:
        raise InputError(f"there is no policy pack {name!r}; there are: {', '.join(PACKS)}")
    pack: Pack = importlib.import_module(f"policies.packs.{name}").PACK
    return pack


def _load_rule(id_: str, folder: str) -> Rule:
    area, _, name = folder.partition("/")
    rule: Rule = getattr(importlib.import_module(f"policies.rules.{area}.{name}.rule"), name)
    if rule.id != id_:
        raise InputError(f"the pack calls {folder} {id_!r}, but the rule says {rule.id!r}; ids are permanent")
    return rule
