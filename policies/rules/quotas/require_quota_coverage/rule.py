from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.amounts import amount_at
from policies.model import Resource, Severity, Stack, Violation
from policies.quotas import hard_limits, namespace_quotas
from policies.rule import WholeStack, rule
from policies.whole import judged_each

_NEEDED: Final = (
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
    "pods",
    "requests.storage",
    "persistentvolumeclaims",
)


@rule(
    id="QUOTA-003",
    title="Require quotas that cover CPU, memory, pods and storage",
    severity=Severity.MEDIUM,
    topics=("quota", "tenancy", "cost"),
    applies_to=WholeStack(),
    rationale=(
        "What a quota does not name it does not limit: without limits.memory a node runs out of memory, without pods"
        " its addresses are used up, without storage the volumes of one tenant are the bill of all."
    ),
    remediation=f"Set spec.hard for {', '.join(_NEEDED)}; 0 where a namespace needs none.",
)
def require_quota_coverage(stack: Stack) -> Iterator[Violation]:
    """One violation for each namespace with quotas, on the first of them, naming what none limits; and for nonsense."""
    placed = namespace_quotas(stack)

    def check(quotas: list[Resource]) -> Iterator[Violation]:
        named: set[str] = set()
        for quota in quotas:
            for name, node in hard_limits(quota):
                named.add(name)
                value = amount_at(node)
                if value is None or value < 0:
                    yield Violation(node.path, f"{node.shown()} is no amount of {name}", resource=quota)
        missing = [name for name in _NEEDED if name not in named]
        if missing:
            placed.vouch()
            yield Violation("spec.hard", f"no quota of the namespace limits {', '.join(missing)}")

    yield from judged_each(((quotas[0], quotas) for quotas in placed.values()), check)
