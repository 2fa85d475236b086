from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.network_policies import NETWORK_POLICY, rules_of
from policies.rule import rule

_WIDEST: Final = 1000
"""Ports in the widest range; servers with ranges of their own (Ray's workers, Flink's) can be set to fewer."""


@rule(
    id="NET-006",
    title="Limit the ranges of ports that a NetworkPolicy opens",
    severity=Severity.MEDIUM,
    topics=("security", "network"),
    applies_to=kinds(NETWORK_POLICY),
    rationale=(
        "A wide range opens ports that nobody thought of: debuggers, admin interfaces, and whatever a pod may start to"
        " listen on later."
    ),
    remediation=f"List the ports one by one, or narrow port to endPort to at most {_WIDEST} ports.",
)
def limit_port_ranges(policy: Resource) -> Iterator[Violation]:
    """One violation for each range that is too wide or has no beginning."""
    for entry in rules_of(policy):
        for port in entry.ports:
            end = port["endPort"]
            if not end.exists():
                continue
            first, last = port["port"].integer(), end.integer()
            if first is None or last is None or last < first:
                yield Violation(end.path, f"the range to {end.shown()} has no beginning below it in port")
            elif last - first + 1 > _WIDEST:
                yield Violation(
                    end.path, f"the rule opens {last - first + 1} ports, {first} to {last}; at most {_WIDEST}"
                )
