from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import EveryPod, Pod
from policies.rule import rule

_LONGEST = 3600


@rule(
    id="POD-036",
    title="Limit the time that a pod has to stop: not none, and no more than an hour",
    severity=Severity.MEDIUM,
    topics=("availability", "operations"),
    applies_to=EveryPod(),
    rationale=(
        "With 0 seconds a pod is killed at once: requests are cut, buffers are lost, and of a StatefulSet two pods may"
        " hold the same volume. With more than an hour a drain of the node waits longer than an upgrade does."
    ),
    remediation="Leave terminationGracePeriodSeconds unset (30 seconds) or set it between 1 and 3600.",
)
def limit_termination_grace(pod: Pod) -> Iterator[Violation]:
    """Judges the pod's own time and that of its probes, which may be shorter still."""
    for place in (pod.spec, *(c.node[p] for c in pod.containers() for p in ("livenessProbe", "startupProbe"))):
        grace = place["terminationGracePeriodSeconds"]
        seconds = grace.integer()
        if seconds is not None and not 1 <= seconds <= _LONGEST:
            yield Violation(grace.path, f"the pod has {seconds} seconds to stop")
