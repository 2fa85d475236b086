from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.rule import rule


@rule(
    id="POD-047",
    title="Disallow the user root by number",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:restricted/runAsUser", "cis-kubernetes:5.2.7"),
    applies_to=EveryPod(),
    rationale=(
        "User 0 in a container is user 0 of the node to everything that looks past the container's walls: a volume, the"
        " kernel, a fault of the runtime."
    ),
    remediation="Set securityContext.runAsUser to a number above 0, or leave it to the image.",
)
def disallow_root_user(pod: Pod) -> Iterator[Violation]:
    """The restricted profile's check of runAsUser, of the pod and of each container."""
    yield from _root(pod.spec["securityContext"], "the pod")
    for container in pod.containers():
        yield from _root(container.security, container.name)


def _root(context: Node, who: str) -> Iterator[Violation]:
    user = context["runAsUser"]
    if user.integer() == 0:
        yield Violation(user.path, f"{who} sets runAsUser to 0, which is root")
