import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.control_plane.api_client import ApiClient, ApiError

PROVISIONER = "sandbox.platform/local"
STANDS_FOR = ("ebs.csi.aws.com",)
"""Drivers of a cloud whose claims get a volume of this machine too: the driver itself does not run here."""

CLASS_NAME = "standard"
CLAIM_ANNOTATION = "sandbox.platform/claim"
PROVISIONER_ANNOTATION = "sandbox.platform/provisioner"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_ASKED_OF = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_WATCH_SECONDS = 120


def storage_class() -> dict[str, Any]:
    """The default storage class: directories of this machine, made when a pod first wants them."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": CLASS_NAME,
            "annotations": {
                "storageclass.kubernetes.io/is-default-class": "true",
                PROVISIONER_ANNOTATION: PROVISIONER,
            },
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": False,
    }


class VolumeProvisioner(threading.Thread):
    """Makes a persistent volume for each claim that asks for one, and removes it when it is released.

    The controller manager has a host-path provisioner too, but it makes its directories below /tmp, outside the
    sandbox: they would survive it, and a second user of the machine could not make any.

    Args:
        client: An administrator, used by this thread alone.
        directory: Where the volumes' directories go.
    """

    def __init__(self, client: ApiClient, directory: Path) -> None:
        super().__init__(name="volumes", daemon=True)
        self._client = client
        self._directory = directory
        self._ended = threading.Event()

    def end(self) -> None:
        """Ask the thread to end at its next event."""
        self._ended.set()

    def run(self) -> None:
        """Serve claims and volumes until the end; an API server that is away is waited for."""
        other = threading.Thread(target=self._follow, args=("/api/v1/persistentvolumes", self._reclaim), daemon=True)
        other.start()
        self._follow("/api/v1/persistentvolumeclaims", self._provision)

    def _follow(self, path: str, handle: Callable[[dict[str, Any]], None]) -> None:
        while not self._ended.is_set():
            try:
                for event in self._client.watch(path, seconds=_WATCH_SECONDS):
                    if self._ended.is_set():
                        return
                    if event["type"] in ("ADDED", "MODIFIED"):
                        handle(event["object"])
            except ApiError:
                self._ended.wait(0.5)  # the next watch begins with all objects again, so nothing is missed

    def _provision(self, claim: dict[str, Any]) -> None:
        volume = volume_for(claim, self._directory)
        if volume is None:
            return
        try:
            Path(volume["spec"]["hostPath"]["path"]).mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # the claim stays pending, and its next change tries again
        self._send("POST", "/api/v1/persistentvolumes", volume)

    def _reclaim(self, volume: dict[str, Any]) -> None:
        if not is_released(volume):
            return
        directory = Path(volume["spec"]["hostPath"]["path"])
        if directory.parent == self._directory:
            shutil.rmtree(directory, ignore_errors=True)
        self._send("DELETE", f"/api/v1/persistentvolumes/{volume['metadata']['name']}", None)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> None:
        client = self._client.copy()  # each watch has its own thread, and a connection serves one
        try:
            client.request(method, path, body)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
        finally:
            client.close()


def volume_for(claim: dict[str, Any], directory: Path) -> dict[str, Any] | None:
    """The volume that a claim is waiting for; None when it does not wait for one of ours."""
    metadata, spec = claim["metadata"], claim["spec"]
    annotations = metadata.get("annotations") or {}
    if spec.get("volumeName") or metadata.get("deletionTimestamp"):
        return None
    if not any(annotations.get(key) in (PROVISIONER, *STANDS_FOR) for key in _ASKED_OF):
        return None
    name = f"pvc-{metadata['uid']}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {
                _PROVISIONED_BY: PROVISIONER,
                CLAIM_ANNOTATION: f"{metadata['namespace']}/{metadata['name']}",
            },
        },
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "storageClassName": spec.get("storageClassName", ""),
            "persistentVolumeReclaimPolicy": "Delete",
            "hostPath": {"path": str(directory / name), "type": "DirectoryOrCreate"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        },
    }


def is_released(volume: dict[str, Any]) -> bool:
    """Whether a volume of ours is to be removed: its claim is gone and its policy is to delete."""
    annotations = volume["metadata"].get("annotations") or {}
    return (
        annotations.get(_PROVISIONED_BY) == PROVISIONER
        and not volume["metadata"].get("deletionTimestamp")
        and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        and volume.get("status", {}).get("phase") == "Released"
    )
