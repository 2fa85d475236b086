"""What counts as the same after a restore, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sandbox.cli.console import Console
from sandbox.cli.drill import _show, _to_json
from sandbox.control_plane.contents import Resource
from sandbox.recovery.drill import Outcome, _within
from sandbox.recovery.inventory import Found, TenantInventory, content, differences, inventory

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
PODS = Resource("", "v1", "pods", "Pod")


def config_map(name: str = "notes", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "home", **metadata}, "data": {"a": "1"}}


def of(*manifests: dict[str, Any]) -> TenantInventory:
    return inventory(Found(CONFIG_MAPS, manifest) for manifest in manifests)


def test_what_is_new_each_time_an_object_is_made_does_not_count():
    made = config_map(uid="1", resourceVersion="7", creationTimestamp="now", managedFields=[{}], generation=2)
    restored = config_map(uid="2", labels={"velero.io/backup-name": "b", "velero.io/restore-name": "r"})
    assert differences(of(made), of(restored)) == []


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({**config_map(), "data": {"a": "2"}}, "data.a"),
        ({**config_map(), "data": {"a": "1", "b": "2"}}, "data.b"),
        (config_map(labels={"x": "y"}), "metadata.labels"),
        (config_map(annotations={"x": "y"}), "metadata.annotations"),
        ({**config_map(), "immutable": True}, "immutable"),
    ],
)
def test_a_changed_field_is_named(changed: dict[str, Any], fields: str):
    assert differences(of(config_map()), of(changed)) == [f"~ ConfigMap home/notes: {fields}"]


def test_missing_and_new_objects_are_named_and_one_that_is_being_deleted_is_gone():
    assert differences(of(config_map("a")), of(config_map("b"))) == ["- ConfigMap home/a", "+ ConfigMap home/b"]
    assert differences(of(config_map("a")), of(config_map("a", deletionTimestamp="now"))) == ["- ConfigMap home/a"]


def test_values_of_secrets_and_config_maps_are_kept_as_digests_only():
    kept = str(content("Secret", {"metadata": {"name": "s"}, "data": {"p": "c2VjcmV0"}}))
    assert "c2VjcmV0" not in kept
    assert "'p': '" in kept


def test_what_the_cluster_assigns_does_not_count_but_what_was_declared_does():
    def service(address: str, port: int, node_port: int) -> dict[str, Any]:
        spec = {"clusterIP": address, "ports": [{"port": port, "nodePort": node_port}]}
        return content("Service", {"metadata": {"name": "web"}, "spec": spec})

    assert service("10.0.0.1", 80, 30001) == service("10.0.0.2", 80, 30002)
    assert service("10.0.0.1", 80, 30001) != service("10.0.0.1", 81, 30001)


def test_pods_of_a_controller_count_by_their_number():
    def pods(number: int) -> TenantInventory:
        owner = {"kind": "StatefulSet", "name": "db", "controller": True}
        made = [config_map(f"db-{index}", ownerReferences=[owner]) for index in range(number)]
        return inventory(Found(PODS, each) for each in made)

    assert differences(pods(3), pods(1)) == ["- 2 Pod of StatefulSet db in home"]


def test_an_inventory_survives_its_json_form():
    assert TenantInventory.from_json(of(config_map()).to_json()) == of(config_map())


def test_a_scratch_namespace_is_compared_under_the_name_of_the_real_one():
    scratch = config_map()
    scratch["metadata"]["namespace"] = "scratch"
    assert differences(of(config_map()), _within(of(scratch), "scratch", "home")) == []


PASSED = Outcome(
    tenant="t",
    objects=1,
    keys=0,
    differences=[],
    loss_hours=12.0,
    loss_limit=24.0,
    outage_seconds=10.0,
    outage_limit=60.0,
)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, []),
        ({"differences": ["- ConfigMap a/b"]}, ["1 differences between what the tenant had and what came back"]),
        ({"loss_hours": 24.5}, ["up to 24.5 h of work are lost, and 24 h are allowed"]),
        ({"outage_seconds": 61.0}, ["it took 61 s, and 60 s are allowed"]),
    ],
)
def test_a_drill_fails_by_differences_by_loss_and_by_time(changes: dict[str, Any], problems: list[str]):
    assert replace(PASSED, **changes).problems == problems


def test_a_recovery_point_that_no_schedule_promises_is_told_as_assumed(capsys: pytest.CaptureFixture[str]):
    assert _to_json(PASSED, 1.0)["recoveryPointHours"] == {"measured": 12.0, "allowed": 24.0}
    _show(PASSED, Console())
    assert "Recovery point: at most 12.00 h are lost; 24 h are allowed.\n" in capsys.readouterr().out
    assumed = replace(PASSED, assumed_hours=12.0)
    assert _to_json(assumed, 1.0)["recoveryPointHours"] == {"assumed": 12.0, "allowed": 24.0}
    _show(assumed, Console())
    assert "assumed, not measured: this stack declares no schedule" in capsys.readouterr().out
