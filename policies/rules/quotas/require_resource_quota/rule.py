from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import by_namespace, name_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.quotas import NAMESPACE, RESOURCE_QUOTA
from policies.rule import WholeStack, rule
from policies.whole import judged


@rule(
    id="QUOTA-001",
    title="Require a ResourceQuota in each namespace",
    severity=Severity.HIGH,
    topics=("quota", "tenancy", "cost"),
    applies_to=WholeStack(),
    rationale=(
        "A namespace without a quota may take every core of the cluster: a loop in one tenant's deployment then stops"
        " all others, and nobody is asked before the bill grows."
    ),
    remediation="Add a ResourceQuota to the namespace with what its workloads take at their maximum.",
)
def require_resource_quota(stack: Stack) -> Iterator[Violation]:
    """One violation for each namespace of the stack that has no ResourceQuota."""
    quotas = by_namespace(of_kinds(stack.resources, RESOURCE_QUOTA))

    def check(namespace: Resource) -> Iterator[Violation]:
        if name_of(namespace) not in quotas:
            quotas.vouch()
            yield Violation("metadata.name", f"namespace {name_of(namespace)} has no ResourceQuota")

    yield from judged(of_kinds(stack.resources, NAMESPACE), check)
