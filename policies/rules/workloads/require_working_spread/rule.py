from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.label_selectors import labels_at, selects
from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.rule import rule

_ANSWERS: Final = frozenset({"DoNotSchedule", "ScheduleAnyway"})


@rule(
    id="POD-056",
    title="Require topology spread constraints that can spread",
    severity=Severity.MEDIUM,
    topics=("availability", "correctness"),
    applies_to=EveryPod(),
    rationale=(
        "A constraint without a labelSelector counts no pods, and one that selects other pods spreads by where those"
        " are: both are accepted and do nothing. A skew of none, or an answer that does not exist, the API server"
        " refuses in the middle of a deployment."
    ),
    remediation=(
        "Give each constraint a topologyKey, a maxSkew of at least 1, whenUnsatisfiable DoNotSchedule or"
        " ScheduleAnyway, and a labelSelector that selects the pod's own labels."
    ),
)
def require_working_spread(pod: Pod) -> Iterator[Violation]:
    """One violation for each field of a constraint that makes it useless; operators add labels of their own."""
    labels = labels_at(pod.node.at("metadata", "labels"))
    for constraint in pod.spec["topologySpreadConstraints"].items():
        yield from _fields(constraint)
        selector = constraint["labelSelector"]
        if not selector.exists():
            yield Violation(selector.path, "the constraint has no labelSelector, so it counts no pods")
        elif labels and not pod.partial and not selects(selector, labels):
            yield Violation(selector.path, "the constraint does not select the pods that it is to spread")


def _fields(constraint: Node) -> Iterator[Violation]:
    key, skew, answer, domains = (
        constraint[name] for name in ("topologyKey", "maxSkew", "whenUnsatisfiable", "minDomains")
    )
    if not key.text():
        yield Violation(key.path, "the constraint names no topologyKey")
    if (skew.integer() or 0) < 1:
        yield Violation(skew.path, f"the constraint's maxSkew is {skew.shown()}; it must be at least 1")
    if answer.text() not in _ANSWERS:
        yield Violation(answer.path, f"the constraint's whenUnsatisfiable is {answer.shown()}")
    if domains.exists() and ((domains.integer() or 0) < 1 or answer.text() != "DoNotSchedule"):
        yield Violation(domains.path, "minDomains must be at least 1, and goes with DoNotSchedule only")
