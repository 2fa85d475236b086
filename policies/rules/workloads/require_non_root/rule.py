from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import EveryPod, Pod
from policies.rule import rule


@rule(
    id="POD-003",
    title="Require containers to run as a user other than root",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:restricted/runAsNonRoot", "cis-kubernetes:5.2.7"),
    applies_to=EveryPod(),
    rationale=(
        "A process that runs as root in a container is root on the node as soon as it gets out of the container."
        " runAsNonRoot makes the kubelet refuse to start such a process, whatever the image says."
    ),
    remediation="Set securityContext.runAsNonRoot to true on the pod and turn it off on no container.",
)
def require_non_root(pod: Pod) -> Iterator[Violation]:
    """The restricted profile's check: a container inherits runAsNonRoot from its pod unless it sets its own."""
    pod_flag = pod.spec.at("securityContext", "runAsNonRoot")
    pod_says = pod_flag.boolean()
    if pod_flag.exists() and pod_says is not True:
        yield Violation(pod_flag.path, f"the pod sets runAsNonRoot to {pod_flag.shown()}")
    for container in pod.containers():
        flag = container.security["runAsNonRoot"]
        if flag.exists():
            if flag.boolean() is not True:
                yield Violation(flag.path, f"{container.name} sets runAsNonRoot to {flag.shown()}")
        elif pod_says is not True and not pod.partial:
            yield Violation(flag.path, f"{container.name} does not have to run as a user other than root")
