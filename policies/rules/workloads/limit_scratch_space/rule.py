from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.quantities import parse_quantity
from policies.rule import rule


@rule(
    id="POD-028",
    title="Limit scratch space on the node's disk and in its memory",
    severity=Severity.MEDIUM,
    topics=("resources", "availability", "isolation"),
    applies_to=EveryPod(),
    rationale=(
        "An emptyDir without a limit grows until the node's disk is full, and the kubelet then evicts pods of others;"
        " one in memory takes from what the node has for everybody."
    ),
    remediation=(
        "Set sizeLimit on the emptyDir, or an ephemeral-storage limit on each container that mounts it (a memory limit"
        " if its medium is Memory)."
    ),
)
def limit_scratch_space(pod: Pod) -> Iterator[Violation]:
    """A sizeLimit that is no positive quantity counts as none."""
    for volume in pod.spec["volumes"].items():
        empty = volume["emptyDir"]
        if not empty.exists() or _is_amount(empty["sizeLimit"]):
            continue
        name = volume["name"].text()
        kind = "memory" if empty["medium"].text() == "Memory" else "ephemeral-storage"
        if name and _bounded(pod, name, kind):
            continue
        yield Violation(empty["sizeLimit"].path, f"the pod's scratch volume {name!r} may grow without a limit")


def _bounded(pod: Pod, volume: str, kind: str) -> bool:
    # What nobody mounts does not grow.
    users = [
        container
        for container in pod.containers()
        if any(mount["name"].text() == volume for mount in container.node["volumeMounts"].items())
    ]
    return all(_is_amount(user.node.at("resources", "limits", kind)) for user in users)


def _is_amount(node: Node) -> bool:
    amount = parse_quantity(node.value())
    return amount is not None and amount > 0
