from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged, of_types

_PLAN = ("aws:backup/plan:Plan",)
_SELECTION = ("aws:backup/selection:Selection",)
_SHORTEST = 7


@rule(
    id="AWS-045",
    title="Require backup plans that back something up and keep it",
    severity=Severity.HIGH,
    topics=("recovery",),
    frameworks=("aws-foundational-security:Backup.1",),
    applies_to=WholeStack(),
    rationale=(
        "A plan without a selection runs every night and saves nothing; one that keeps a copy for a day is no help"
        " against what is found after a week. Both look like a backup until one is needed."
    ),
    remediation=(
        "Give the plan a Selection with resources or tags, a schedule, and a lifecycle.deleteAfter of"
        f" {_SHORTEST} days at least."
    ),
)
def require_backup_plan(stack: Stack) -> Iterator[Violation]:
    """One violation for each plan that selects nothing, and for each of its rules that is not kept or never runs.

    Which plan a selection is of is known only when the plan is there, so they are counted.
    """
    plans = of_types(stack, _PLAN)
    selections = [selection for selection in of_types(stack, _SELECTION) if _selects(selection.root)]
    for plan in plans[len(selections) :]:
        yield Violation("", "the plan selects nothing, so that nothing is backed up", resource=plan)
    yield from judged(plans, _kept)


def _selects(root: Node) -> bool:
    return any(
        not root[key].known() or bool(root[key].items()) or next(root[key].entries(), None) is not None
        for key in ("resources", "selectionTags", "conditions")
    )


def _kept(plan: Resource) -> Iterator[Violation]:
    rules = plan.root["rules"]
    if not rules.items():
        yield Violation(rules.path, "the plan has no rule")
    for item in rules.items():
        schedule, days = item["schedule"], item.at("lifecycle", "deleteAfter")
        if not schedule.exists() and item["enableContinuousBackup"].boolean() is not True:
            yield Violation(schedule.path, "the rule never runs: it has no schedule")
        number = days.integer()
        if number is not None and number < _SHORTEST:
            yield Violation(days.path, f"the copies are kept {number} days, fewer than {_SHORTEST}")
