import json
from typing import Any

import pytest

from sandbox.control_plane.contents import Resource, is_own, label
from sandbox.inventory import Inventory, diff

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace")


def test_equal_inventories_differ_in_nothing():
    one = Inventory.of(["Pod a/b", "Pod a/b"], ["s3 bucket x"])
    other = Inventory.of(["Pod a/b", "Pod a/b"], ["s3 bucket x"])
    assert one == other
    assert diff(one, other) == []


def test_a_difference_says_what_came_what_went_and_how_many():
    before = Inventory.of(["Pod a/b-*", "Namespace a"], ["s3 bucket x"])
    after = Inventory.of(["Pod a/b-*"] * 4, ["s3 bucket y"])
    assert diff(before, after) == ["- Namespace a", "+ Pod a/b-* (3 of them)", "- s3 bucket x", "+ s3 bucket y"]


def test_an_inventory_survives_a_round_trip_through_json():
    one = Inventory.of(["Pod a/b", "Pod a/b"], ["s3 bucket x"])
    assert Inventory.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_the_order_of_a_listing_does_not_matter():
    assert Inventory.of(["b", "a"], []) == Inventory.of(["a", "b"], [])


def test_an_empty_inventory_says_so():
    assert Inventory().is_empty
    assert not Inventory.of([], ["s3 bucket x"]).is_empty


def test_random_parts_of_names_are_left_out():
    assert label({"name": "db-0", "namespace": "a"}) == "a/db-0"
    assert label({"name": "web-x1-abcde", "generateName": "web-x1-", "namespace": "a"}) == "a/web-x1-*"
    assert label({"name": "pvc-1", "annotations": {"sandbox.platform/claim": "a/data"}}) == "of claim a/data"


@pytest.mark.parametrize(
    ("resource", "metadata"),
    [
        (CONFIG_MAPS, {"name": "kube-root-ca.crt", "namespace": "anything"}),
        (Resource("", "v1", "serviceaccounts", "ServiceAccount"), {"name": "default", "namespace": "anything"}),
        (NAMESPACES, {"name": "kube-system"}),
        (NAMESPACES, {"name": "sandbox-validation"}),
        (CONFIG_MAPS, {"name": "x", "namespace": "sandbox-validation"}),
        (Resource("", "v1", "nodes", "Node"), {"name": "n", "labels": {"sandbox.platform/simulated": "true"}}),
        (
            Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole"),
            {"name": "view", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        ),
        (
            Resource("apiregistration.k8s.io", "v1", "apiservices", "APIService"),
            {"name": "v1.", "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"}},
        ),
    ],
)
def test_what_the_control_plane_makes_by_itself_is_not_counted(resource: Resource, metadata: dict[str, Any]):
    assert is_own(resource, metadata)


@pytest.mark.parametrize(
    ("resource", "metadata"),
    [
        (NAMESPACES, {"name": "team"}),
        (CONFIG_MAPS, {"name": "mine", "namespace": "kube-system"}),
        (Resource("", "v1", "nodes", "Node"), {"name": "n", "labels": {}}),
        (
            Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass"),
            {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        ),
    ],
)
def test_what_somebody_else_makes_is_counted_wherever_it_is(resource: Resource, metadata: dict[str, Any]):
    assert not is_own(resource, metadata)
