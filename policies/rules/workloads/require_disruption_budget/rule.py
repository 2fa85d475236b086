from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import by_namespace, of_kinds
from policies.model import Severity, Stack, Violation
from policies.pod_stack import BUDGETS, Workload, covers, workloads_of
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
    remediation=(
        "Declare a PodDisruptionBudget with maxUnavailable 1 whose selector matches the labels of the pods; or say"
        " replicas: 1 if there is to be one."
    ),
)
def require_disruption_budget(stack: Stack) -> Iterator[Violation]:
    """Asks of each workload whose least number of pods is above one for a budget in its namespace.

    One that says no number, and that nothing in the stack scales, may have any: what else would set it is not here.
    """
    budgets = by_namespace(of_kinds(stack.resources, *BUDGETS))

    def judge(workload: Workload) -> Iterator[Violation]:
        count = workload.fewest()
        if (count > 1 or not workload.counted) and not any(
            covers(budget, workload) for budget in budgets.get(workload.namespace, ())
        ):
            many = f"{count} replicas" if workload.counted else "replicas, of which no number is said"
            yield Violation(workload.replicas.path, f"no PodDisruptionBudget covers its {many}")

    yield from judged_each(workloads_of(stack), judge)
