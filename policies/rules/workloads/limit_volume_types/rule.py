from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import EveryPod, Pod
from policies.rule import rule

_ALLOWED = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


@rule(
    id="POD-018",
    title="Limit volumes to the types that the cluster controls",
    severity=Severity.MEDIUM,
    topics=("security", "pod-security", "storage"),
    frameworks=("pod-security-standards:restricted/restrictedVolumes",),
    applies_to=EveryPod(),
    rationale=(
        "Volumes that a pod mounts by address (NFS, iSCSI, cloud disks) pass by claims, and so by quota, encryption and"
        " the permissions of whoever owns the storage."
    ),
    remediation="Mount storage by a PersistentVolumeClaim of a storage class.",
)
def limit_volume_types(pod: Pod) -> Iterator[Violation]:
    """The restricted profile's check; a volume without any type counts too, since it cannot be judged."""
    for volume in pod.spec["volumes"].items():
        kinds = [key for key, value in volume.entries() if key != "name" and not (value.known() and not value.exists())]
        wrong = [kind for kind in kinds if kind not in _ALLOWED]
        name = volume["name"].text() or volume.path
        for kind in wrong:
            yield Violation(volume[kind].path, f"the pod's volume {name!r} is of the type {kind}")
