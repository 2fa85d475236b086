from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.pod_stack import BUDGETS
from policies.rule import rule


@rule(
    id="POD-031",
    title="Require disruption budgets to let go of pods that are not ready",
    severity=Severity.LOW,
    topics=("availability", "operations"),
    applies_to=kinds(*BUDGETS),
    rationale=(
        "By default a pod that crashes in a loop counts as one to protect as soon as too few are healthy, so that one"
        " broken release blocks the drain of every node it is on."
    ),
    remediation="Set unhealthyPodEvictionPolicy to AlwaysAllow.",
)
def require_unhealthy_eviction(budget: Resource) -> Iterator[Violation]:
    """Only an explicit AlwaysAllow counts: the default is IfHealthyBudget."""
    policy = budget.root.at("spec", "unhealthyPodEvictionPolicy")
    if policy.text() != "AlwaysAllow":
        yield Violation(policy.path, "the budget keeps pods that are not ready from being evicted")
