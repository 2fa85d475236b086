from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import EveryPod, Pod
from policies.rule import rule


@rule(
    id="POD-011",
    title="Disallow volumes from the node's file system",
    severity=Severity.CRITICAL,
    topics=("security", "pod-security", "isolation"),
    frameworks=("pod-security-standards:baseline/hostPathVolumes", "cis-kubernetes:5.2.12"),
    applies_to=EveryPod(),
    mandatory_everywhere=True,
    rationale=(
        "Through a hostPath a pod reads the kubelet's keys, other pods' volumes or the container runtime's socket, and"
        " by each of these it owns the node. What it writes there outlives it and binds it to one node."
    ),
    remediation=(
        "Use a PersistentVolumeClaim for data that must stay, an emptyDir for scratch space, a projected volume for"
        " configuration; node agents that must read the node need an exception."
    ),
)
def disallow_host_paths(pod: Pod) -> Iterator[Violation]:
    """One violation for each hostPath volume, whether or not it is mounted and whatever its path."""
    for volume in pod.spec["volumes"].items():
        path = volume["hostPath"]
        if path.exists():
            name = volume["name"].text() or volume.path
            yield Violation(path.path, f"the pod's volume {name!r} is {path['path'].shown()} of the node")
