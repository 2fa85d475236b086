from pathlib import Path
from typing import Any

import pytest

from sandbox.control_plane.volumes import PROVISIONER, is_released, storage_class, volume_for


def claim(**changes: Any) -> dict[str, Any]:
    result: dict[str, Any] = {
        "metadata": {
            "name": "data-db-0",
            "namespace": "team",
            "uid": "u-1",
            "annotations": {"volume.kubernetes.io/storage-provisioner": PROVISIONER},
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "standard",
            "resources": {"requests": {"storage": "5Gi"}},
        },
    }
    for key, value in changes.items():
        result[key.split("_")[0]][key.split("_", 1)[1]] = value
    return result


def test_a_claim_gets_a_volume_of_its_size_bound_to_it_alone():
    volume = volume_for(claim(), Path("/v"))
    assert volume is not None
    assert volume["spec"]["capacity"] == {"storage": "5Gi"}
    assert volume["spec"]["claimRef"]["uid"] == "u-1"
    assert volume["spec"]["hostPath"]["path"] == "/v/pvc-u-1"


def test_a_claim_of_the_clouds_driver_gets_a_volume_that_goes_with_the_sandbox():
    asked = {"volume.kubernetes.io/storage-provisioner": "ebs.csi.aws.com"}
    volume = volume_for(claim(metadata_annotations=asked, spec_storageClassName="encrypted"), Path("/v"))
    assert volume is not None
    assert volume["spec"]["storageClassName"] == "encrypted"
    assert is_released({**volume, "status": {"phase": "Released"}})


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata_annotations": {}},
        {"metadata_annotations": {"volume.kubernetes.io/storage-provisioner": "nfs.csi.k8s.io"}},
        {"metadata_deletionTimestamp": "2026-01-01T00:00:00Z"},
        {"spec_volumeName": "pvc-u-1"},
    ],
)
def test_a_claim_of_somebody_else_or_one_that_is_served_or_going_gets_none(changes: dict[str, Any]):
    assert volume_for(claim(**changes), Path("/v")) is None


def released() -> dict[str, Any]:
    volume = volume_for(claim(), Path("/v"))
    assert volume is not None
    return {**volume, "status": {"phase": "Released"}}


def test_a_released_volume_is_removed():
    assert is_released(released())


@pytest.mark.parametrize("keep", ["retain", "bound", "foreign", "going"])
def test_a_volume_in_use_kept_foreign_or_going_is_left_alone(keep: str):
    volume = released()
    if keep == "retain":
        volume["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
    elif keep == "bound":
        volume["status"]["phase"] = "Bound"
    elif keep == "foreign":
        volume["metadata"]["annotations"] = {"pv.kubernetes.io/provisioned-by": "ebs.csi.aws.com"}
    else:
        volume["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not is_released(volume)


def test_the_storage_class_is_the_default_one():
    assert storage_class()["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
