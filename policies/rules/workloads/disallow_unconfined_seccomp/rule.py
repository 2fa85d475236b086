from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.rule import rule

_CONFINED = ("RuntimeDefault", "Localhost")


@rule(
    id="POD-048",
    title="Disallow switching seccomp off",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:baseline/seccompProfile_baseline",),
    applies_to=EveryPod(),
    mandatory_everywhere=True,
    rationale=(
        "Unconfined allows every system call there is, also where the cluster confines pods by default. POD-007 asks"
        " for a profile, where that is mandatory."
    ),
    remediation="Leave seccompProfile unset, or set its type to RuntimeDefault or Localhost.",
)
def disallow_unconfined_seccomp(pod: Pod) -> Iterator[Violation]:
    """The baseline profile's check: what is unset passes."""
    yield from _profile(pod.spec["securityContext"], "the pod")
    for container in pod.containers():
        yield from _profile(container.security, container.name)


def _profile(context: Node, who: str) -> Iterator[Violation]:
    profile = context["seccompProfile"]
    if profile.exists() and profile["type"].text() not in _CONFINED:
        yield Violation(profile["type"].path, f"{who} sets the seccomp profile {profile['type'].shown()}")
