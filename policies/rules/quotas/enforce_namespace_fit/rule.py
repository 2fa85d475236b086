from __future__ import annotations

from collections.abc import Iterator

from policies.amounts import amount_at, shown_amount
from policies.demand import Demand, demand_of, fleet_of, takes_quota
from policies.kinds import namespace_of
from policies.model import Resource, Severity, Stack, Violation
from policies.pod_size import ZERO
from policies.quotas import hard_limits, namespace_quotas
from policies.rule import WholeStack, rule
from policies.unknown import UnknownValueError
from policies.whole import judged


@rule(
    id="QUOTA-005",
    title="Enforce that everything at its maximum fits the quota of its namespace",
    severity=Severity.HIGH,
    topics=("quota", "capacity", "availability"),
    applies_to=WholeStack(),
    rationale=(
        "A quota that is enough for today's replicas refuses the ones that the autoscaler adds under load, and the new"
        " pods of a rollout: the deployment hangs exactly when it matters."
    ),
    remediation=(
        "Raise the quota to what the workloads take at maximum replicas with their rollout's surge, or lower replicas,"
        " requests or limits."
    ),
)
def enforce_namespace_fit(stack: Stack) -> Iterator[Violation]:
    """One violation for each limit of a quota that is exceeded, naming the excess and the largest workload."""
    quotas = namespace_quotas(stack)
    if not quotas:
        return
    fleet = fleet_of(stack)
    demands: dict[str, list[Demand]] = {}
    unknown: UnknownValueError | None = None
    for resource in stack.resources:
        if not takes_quota(resource):
            continue
        try:
            if namespace_of(resource) in quotas:
                demands.setdefault(namespace_of(resource), []).append(demand_of(resource, fleet))
        except UnknownValueError as error:
            unknown = unknown or UnknownValueError(f"{resource.address}: {error.path}")

    def check(quota: Resource) -> Iterator[Violation]:
        here = demands.get(namespace_of(quota), [])
        for name, node in hard_limits(quota):
            hard = amount_at(node)
            total = sum((demand.amounts.get(name, ZERO) for demand in here), ZERO)
            if here and hard is not None and total > hard:
                largest = max(here, key=lambda demand: demand.amounts.get(name, ZERO))
                yield Violation(
                    node.path,
                    f"{name} comes to {shown_amount(name, total)} at maximum replicas,"
                    f" {shown_amount(name, total - hard)} more than the quota; the largest share is"
                    f" {largest.resource.address} with {shown_amount(name, largest.amounts.get(name, ZERO))}",
                )

    yield from judged((quota for found in quotas.values() for quota in found), check)
    if unknown is not None:
        # What is known did fit or was found; what is not may still be too much.
        raise unknown
