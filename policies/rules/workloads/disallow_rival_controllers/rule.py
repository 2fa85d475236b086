from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import namespace_of, of_kinds
from policies.label_selectors import labels_at, selects
from policies.model import Resource, Severity, Stack, Violation
from policies.pod_stack import HPA, SCALED_OBJECT, Workload, workloads_of
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="POD-041",
    title="Disallow two controllers for the same pods, or two autoscalers for one controller",
    severity=Severity.HIGH,
    topics=("correctness", "availability"),
    applies_to=WholeStack(),
    rationale=(
        "Two controllers whose selectors meet adopt and delete each other's pods; two autoscalers of one workload set"
        " its size in turns."
    ),
    remediation="Give each controller a label in its selector that no other has, and each workload one autoscaler.",
)
def disallow_rival_controllers(stack: Stack) -> Iterator[Violation]:
    """One violation for each; what a Deployment itself has made (ReplicaSets with an owner) does not count."""
    found = [(resource, workload) for resource, workload in workloads_of(stack) if not _owned(resource)]
    by_label: dict[tuple[str, str, str], list[Workload]] = {}
    for _, workload in found:
        for key, value in workload.labels.items():
            by_label.setdefault((workload.namespace, key, value), []).append(workload)

    def adopts(workload: Workload) -> Iterator[Violation]:
        selector = workload.resource.root.at("spec", "selector")
        wanted = labels_at(selector["matchLabels"])
        if not wanted:
            # A controller that does not say which pods are its own is POD-038's to report.
            return
        for rival in min((by_label.get((workload.namespace, *label), []) for label in wanted.items()), key=len):
            if rival.resource.urn != workload.resource.urn and selects(selector, rival.labels):
                yield Violation(selector.path, f"the selector selects the pods of {rival.resource.address}, too")
                return

    yield from judged_each(found, adopts)
    scalers = [(scaler, scaler) for scaler in of_kinds(stack.resources, HPA, SCALED_OBJECT)]
    yield from judged_each(scalers, _Scaled().judge)


class _Scaled:
    def __init__(self) -> None:
        self._by: dict[tuple[str, str, str], Resource] = {}

    def judge(self, scaler: Resource) -> Iterator[Violation]:
        target = scaler.root.at("spec", "scaleTargetRef")
        name = target["name"].text()
        if not name:
            return
        key = (namespace_of(scaler), target["kind"].text() or "Deployment", name)
        first = self._by.setdefault(key, scaler)
        if first is not scaler:
            yield Violation(target.path, f"{key[1]} {name} is scaled by {first.address} already")


def _owned(resource: Resource) -> bool:
    owners = resource.root.at("metadata", "ownerReferences")
    return owners.known() and bool(owners.items())
