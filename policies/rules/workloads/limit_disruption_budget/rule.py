from __future__ import annotations

import math
import re
from collections.abc import Iterator

from policies.kinds import namespace_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.pod_stack import BUDGETS, Workload, covers, workloads_of
from policies.rule import WholeStack, rule
from policies.whole import judged_each

_PERCENT = re.compile(r"([0-9]{1,3})%")


@rule(
    id="POD-030",
    title="Require disruption budgets to allow a disruption",
    severity=Severity.HIGH,
    topics=("availability", "operations"),
    applies_to=WholeStack(),
    rationale=(
        "A budget that never allows an eviction blocks every drain of a node, and with it upgrades of the cluster and"
        " the repair of nodes, until somebody deletes the budget at night."
    ),
    remediation="Set maxUnavailable to 1 or more; or minAvailable to less than the least number of replicas.",
)
def limit_disruption_budget(stack: Stack) -> Iterator[Violation]:
    """Counts with the replicas of all workloads of the stack that the budget covers; percentages round up."""
    workloads: dict[str, list[Workload]] = {}
    for _, workload in workloads_of(stack):
        workloads.setdefault(workload.namespace, []).append(workload)

    def judge(budget: Resource) -> Iterator[Violation]:
        spec = budget.root["spec"]
        least, most = spec["minAvailable"], spec["maxUnavailable"]
        if least.exists() == most.exists():
            which = (
                "both minAvailable and maxUnavailable" if least.exists() else "neither minAvailable nor maxUnavailable"
            )
            yield Violation(spec.path, f"the budget sets {which}")
        elif most.exists():
            if not _above_zero(most):
                yield Violation(most.path, f"the budget allows {most.shown()} pods to be unavailable, so none")
        else:
            there = workloads.get(namespace_of(budget), ())
            covered = [workload for workload in there if covers(budget, workload)]
            known = bool(covered) and all(workload.counted for workload in covered)
            yield from _keeps(least, sum(workload.fewest() for workload in covered) if known else None)

    yield from judged_each(((budget, budget) for budget in of_kinds(stack.resources, *BUDGETS)), judge)


def _keeps(least: Node, replicas: int | None) -> Iterator[Violation]:
    percent = _percent(least)
    if percent is not None:
        if percent >= 100:
            yield Violation(least.path, f"the budget keeps {least.shown()} of the pods, so all")
            return
        kept = None if replicas is None else math.ceil(replicas * percent / 100)
    else:
        kept = least.integer()
        if kept is None:
            yield Violation(least.path, f"the budget keeps {least.shown()} pods, which is no number and no percentage")
    if kept and replicas is not None and kept >= replicas:
        yield Violation(least.path, f"the budget keeps {kept} pods of the {replicas} that there may be at least")


def _above_zero(node: Node) -> bool:
    count = node.integer()
    if count is None:
        count = _percent(node)
    return count is not None and count > 0


def _percent(node: Node) -> int | None:
    match = _PERCENT.fullmatch(node.text() or "")
    return int(match[1]) if match else None
