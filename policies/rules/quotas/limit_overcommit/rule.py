from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.amounts import amount_at, shown_amount
from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.quotas import RESOURCE_QUOTA, hard_limits
from policies.rule import rule

_MOST: Final = {"cpu": 4, "memory": 2}
"""How many times the requests the limits may be. CPU above a request is shared out; memory above it is taken back by
stopping pods."""


@rule(
    id="QUOTA-015",
    title="Limit how much more than requested a quota lets run",
    severity=Severity.MEDIUM,
    topics=("quota", "capacity", "availability"),
    applies_to=kinds(RESOURCE_QUOTA),
    rationale=(
        "Nodes are filled by requests and used by limits. Where limits are many times the requests, a busy hour takes"
        " more memory than there is and the kernel stops pods of whoever is there."
    ),
    remediation=(
        "Keep limits.cpu within 4 times requests.cpu and limits.memory within twice requests.memory, and not below"
        " them."
    ),
)
def limit_overcommit(quota: Resource) -> Iterator[Violation]:
    """One violation for each of CPU and memory whose limits are too many times its requests, or below them."""
    nodes = dict(hard_limits(quota))
    for resource, most in _MOST.items():
        name = f"limits.{resource}"
        if name not in nodes or f"requests.{resource}" not in nodes:
            continue
        limit, request = amount_at(nodes[name]), amount_at(nodes[f"requests.{resource}"])
        if limit is None or request is None:
            continue
        if limit < request:
            yield Violation(nodes[name].path, f"{name} is below requests.{resource}, which can then never be used up")
        elif limit > request * most:
            allowed = shown_amount(name, request * most)
            yield Violation(nodes[name].path, f"{name} is {shown_amount(name, limit)}; at most {allowed}, {most} times")
