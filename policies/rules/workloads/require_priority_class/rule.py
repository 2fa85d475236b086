from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import EveryPod, Pod
from policies.rule import rule

_SYSTEM = "system-"
_SYSTEM_NAMESPACE = "kube-system"


@rule(
    id="POD-033",
    title="Require a priority class, and leave the system's own to the system",
    severity=Severity.LOW,
    topics=("availability", "quotas"),
    applies_to=EveryPod(complete_only=True),
    rationale=(
        "When room is short the scheduler evicts by priority; where nobody says it, a batch job may push out what"
        " serves users. The system's classes are above everything, and a tenant with them can empty a node."
    ),
    remediation="Set priorityClassName to one of the platform's classes, such as platform-standard.",
)
def require_priority_class(pod: Pod) -> Iterator[Violation]:
    """A class whose name begins with system- is left to kube-system."""
    name = pod.spec["priorityClassName"]
    text = name.text()
    if not text:
        yield Violation(name.path, "the pod has no priority class")
    elif text.startswith(_SYSTEM) and pod.resource.root.at("metadata", "namespace").text() != _SYSTEM_NAMESPACE:
        yield Violation(name.path, f"the pod has the system's priority class {text}")
