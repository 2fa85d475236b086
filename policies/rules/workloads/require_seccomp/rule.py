from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.rule import rule

_ALLOWED = ("RuntimeDefault", "Localhost")


@rule(
    id="POD-007",
    title="Require a seccomp profile",
    severity=Severity.MEDIUM,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:restricted/seccompProfile_restricted",),
    applies_to=EveryPod(),
    rationale=(
        "Without a profile a container may make every system call there is; most ways out of a container need one that"
        " the runtime's default profile refuses."
    ),
    remediation="Set securityContext.seccompProfile.type to RuntimeDefault on the pod; Localhost is allowed too.",
)
def require_seccomp(pod: Pod) -> Iterator[Violation]:
    """The restricted profile's check: a container inherits the profile of its pod unless it sets its own."""
    # Kubernetes refuses the field on Windows pods.
    if pod.windows:
        return
    pod_profile = pod.spec.at("securityContext", "seccompProfile")
    pod_good = pod_profile.exists() and _allowed(pod_profile)
    if pod_profile.exists() and not pod_good:
        yield Violation(pod_profile["type"].path, f"the pod's seccomp profile is {pod_profile['type'].shown()}")
    for container in pod.containers():
        profile = container.security["seccompProfile"]
        if profile.exists():
            if not _allowed(profile):
                message = f"the seccomp profile of {container.name} is {profile['type'].shown()}"
                yield Violation(profile["type"].path, message)
        elif not pod_good and not pod.partial:
            yield Violation(profile.path, f"{container.name} has no valid seccomp profile, nor has its pod")


def _allowed(profile: Node) -> bool:
    return profile["type"].text() in _ALLOWED
