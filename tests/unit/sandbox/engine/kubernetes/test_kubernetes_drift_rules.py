"""Live objects with field ownership as the API server records it, shortened."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.providers.kubernetes.drift import compare, removal_patch
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.values import Path

DEPLOYMENT = Kind("apps", "v1", "Deployment")
CUSTOM = Kind("example.com", "v1", "Thing")
OURS = "pulumi-kubernetes"


def entry(manager: str, fields: dict[str, Any], subresource: str = "") -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "fieldsV1": fields, "subresource": subresource}


def live(spec: dict[str, Any], *entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "a", "resourceVersion": "7", "managedFields": list(entries)}, "spec": spec}


def compared(kind: Kind, spec: dict[str, Any], found: dict[str, Any]) -> tuple[dict[str, Any], list[Path]]:
    result, foreign = compare(kind, {"metadata": {"name": "a"}, "spec": spec}, found)
    return result["spec"], foreign


PORTS = {
    "f:spec": {
        "f:ports": {
            'k:{"containerPort":1,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
            'k:{"containerPort":2,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:name": {}},
        }
    }
}


def test_items_of_a_keyed_list_are_matched_by_their_keys_whatever_their_order() -> None:
    declared = {"ports": [{"containerPort": 1}, {"containerPort": 2, "name": "b"}]}
    found = {
        "ports": [
            {"containerPort": 2, "protocol": "TCP", "name": "b"},
            {"containerPort": 9, "protocol": "TCP"},
            {"containerPort": 1, "protocol": "TCP"},
        ]
    }

    assert compared(DEPLOYMENT, declared, live(found, entry(OURS, PORTS))) == (declared, [])


def test_an_item_that_is_gone_or_changed_is_drift() -> None:
    declared = {"ports": [{"containerPort": 1}, {"containerPort": 2, "name": "b"}]}
    found = {"ports": [{"containerPort": 2, "protocol": "TCP", "name": "c"}]}

    assert compared(DEPLOYMENT, declared, live(found, entry(OURS, PORTS)))[0] == {
        "ports": [{"containerPort": 2, "name": "c"}]
    }


def test_a_list_without_keys_is_compared_item_by_item_with_the_servers_defaults_left_out() -> None:
    declared, owned = {"rules": [{"port": 80}]}, entry(OURS, {"f:spec": {"f:rules": {}}})

    assert compared(DEPLOYMENT, declared, live({"rules": [{"port": 80, "protocol": "TCP"}]}, owned)) == (declared, [])
    longer = {"rules": [{"port": 80}, {"port": 81}]}
    assert compared(DEPLOYMENT, declared, live(longer, owned))[0] == longer


def test_an_addition_inside_a_list_without_keys_is_drift_when_somebody_else_wrote_the_list() -> None:
    declared = {"rules": [{"port": 80}]}
    found = {"rules": [{"port": 80, "from": "anywhere"}]}

    result, foreign = compared(DEPLOYMENT, declared, live(found, entry("kubectl-edit", {"f:spec": {"f:rules": {}}})))

    assert result == found
    assert foreign == []


def test_a_set_keeps_its_declared_order_and_names_what_was_added() -> None:
    declared = {"finalizers": ["b", "a"]}
    ours = entry(OURS, {"f:spec": {"f:finalizers": {'v:"a"': {}, 'v:"b"': {}}}})
    theirs = entry("kubectl", {"f:spec": {"f:finalizers": {'v:"c"': {}}}})

    found = live({"finalizers": ["a", "b", "c"]}, ours, theirs)

    assert compared(DEPLOYMENT, declared, found) == (declared, [("spec", "finalizers", 2)])


@pytest.mark.parametrize("value", [False, 0, "", [], {}, {"a": {"b": False}}])
def test_a_zero_value_that_the_server_leaves_out_is_no_drift_for_built_in_kinds(value: Any) -> None:
    assert compared(DEPLOYMENT, {"field": value}, live({}))[0] == {"field": value}
    assert compared(CUSTOM, {"field": value}, live({}))[0] == {}


def test_quantities_keep_their_spelling_where_the_server_rewrites_them() -> None:
    declared = {"resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}}
    found = live({"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}})

    assert compared(DEPLOYMENT, declared, found)[0] == declared
    assert compared(CUSTOM, declared, found)[0] != declared
    assert compared(DEPLOYMENT, {"env": "1000m"}, live({"env": "1"}))[0] == {"env": "1"}


def test_a_value_that_a_controller_owns_is_no_drift_but_one_that_a_person_scaled_is() -> None:
    scale = {"f:spec": {"f:replicas": {}}}
    declared, found = {"replicas": 1}, {"replicas": 5}

    by_controller = live(found, entry("kube-controller-manager", scale, "scale"))
    by_hand = live(found, entry("kubectl", scale, "scale"))

    assert compared(DEPLOYMENT, declared, by_controller)[0] == declared
    assert compared(DEPLOYMENT, declared, by_hand) == (found, [])


def test_what_others_added_is_named_at_its_top_but_labels_one_by_one() -> None:
    added = {
        "f:metadata": {"f:labels": {".": {}, "f:x": {}, "f:y": {}}},
        "f:spec": {"f:probe": {".": {}, "f:path": {}}, "f:mode": {}},
    }
    found = live({"mode": "x", "probe": {"path": "/"}, "gone": 1}, entry("kubectl-edit", added))
    found["metadata"]["labels"] = {"x": "1", "y": "2"}

    assert compared(DEPLOYMENT, {}, found)[1] == [
        ("metadata", "labels", "x"),
        ("metadata", "labels", "y"),
        ("spec", "probe"),
        ("spec", "mode"),
    ]


@pytest.mark.parametrize("manager", [OURS, "kube-scheduler", "kwok-controller", "kube-controller-manager"])
def test_what_the_control_plane_or_we_set_is_not_foreign(manager: str) -> None:
    assert compared(DEPLOYMENT, {}, live({"x": 1}, entry(manager, {"f:spec": {"f:x": {}}})))[1] == []


def test_a_shared_field_is_not_foreign_but_an_addition_beside_it_is() -> None:
    ours = entry(OURS, {"f:spec": {"f:probe": {"f:path": {}}}})
    theirs = entry("kubectl", {"f:spec": {"f:probe": {"f:path": {}, "f:port": {}}}})
    found = live({"probe": {"path": "/", "port": 1}}, ours, theirs)

    assert compared(DEPLOYMENT, {"probe": {"path": "/"}}, found)[1] == [("spec", "probe", "port")]


def test_the_removal_starts_at_the_end_and_forgets_the_foreign_managers() -> None:
    ours = entry(OURS, {})
    found = live({}, ours, entry("kubectl", {}))

    patch = removal_patch(found, [("spec", "items", 1), ("spec", "items", 10), ("metadata", "labels", "a/b~c")])

    assert patch[0] == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    assert [step["path"] for step in patch[1:-1]] == ["/spec/items/10", "/spec/items/1", "/metadata/labels/a~1b~0c"]
    assert patch[-1] == {"op": "replace", "path": "/metadata/managedFields", "value": [ours]}
