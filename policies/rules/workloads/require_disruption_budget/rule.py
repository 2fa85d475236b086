from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Stack, Violation
from policies.pod_stack import Workload, budgets_of, workloads_of
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="POD-029",
    title="Require a disruption budget for what runs more than once",
    severity=Severity.MEDIUM,
    topics=("availability",),
    applies_to=WholeStack(),
    rationale=(
        "Replicas are there so that a node can be drained without an outage; without a budget the drain, or the"
        " autoscaler, may evict all of them at once."
    ),
    remediation="Declare a PodDisruptionBudget with maxUnavailable 1 whose selector matches the labels of the pods.",
)
def require_disruption_budget(stack: Stack) -> Iterator[Violation]:
    """Asks of each workload whose least number of pods is above one for a budget in its namespace."""

    def judge(workload: Workload) -> Iterator[Violation]:
        count = workload.fewest()
        if count > 1 and not budgets_of(stack, workload):
            yield Violation(workload.replicas.path, f"no PodDisruptionBudget covers its {count} replicas")

    yield from judged_each(workloads_of(stack), judge)
