from __future__ import annotations

import re
from collections.abc import Iterator

from policies.labels import REQUIRED
from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod, pods_of
from policies.rule import rule

_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


@rule(
    id="POD-009",
    title="Require the labels that name a workload, its owner and its cost centre",
    severity=Severity.LOW,
    topics=("ownership", "cost"),
    applies_to=EveryPod(complete_only=True),
    rationale=(
        "Alerts go to the owner and cost to the cost centre; both are read from the labels of pods, and of the object"
        " that makes the pods. What has none belongs to nobody."
    ),
    remediation=f"Set the labels {', '.join(REQUIRED)} on the object and on its pod template.",
)
def require_labels(pod: Pod) -> Iterator[Violation]:
    """One violation for each label that is missing or not a label value, on the object and on the pod template."""
    # The object is judged once, however many templates it carries.
    if pod.node.path and pod is pods_of(pod.resource)[0]:
        yield from _missing(pod.resource.root.at("metadata", "labels"), pod.resource.kind)
    yield from _missing(pod.node.at("metadata", "labels"), "the pod")


def _missing(labels: Node, who: str) -> Iterator[Violation]:
    for key in REQUIRED:
        label = labels[key]
        value = label.text()
        if not value:
            yield Violation(label.path, f"{who} has no label {key}")
        elif not _VALUE.fullmatch(value):
            yield Violation(label.path, f"{who} has {value!r} as label {key}, which is not a valid label value")
