from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.providers.kubernetes.manifest import (
    from_manifest,
    normalize,
    shape_failures,
    to_declared,
    to_manifest,
    to_outputs,
    without_unknowns,
)
from sandbox.engine.values import UNKNOWN
from tests.support.kubernetes_inputs import config_map, definition, secret

CONFIG_MAP = Kind("", "v1", "ConfigMap")
SERVICE = Kind("", "v1", "Service")
NAMESPACE = Kind("", "v1", "Namespace")
ROLE = Kind("rbac.authorization.k8s.io", "v1", "Role")


def test_inputs_get_their_kind_and_lose_nulls_and_what_only_the_server_sets() -> None:
    inputs = {"metadata": {"name": "a", "uid": "x", "resourceVersion": "1"}, "data": {"a": None, "b": "c"}}

    assert normalize(CONFIG_MAP, inputs) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"b": "c"},
    }


@pytest.mark.parametrize(
    ("kind", "name", "fits"),
    [
        (CONFIG_MAP, "a.b-c", True),
        (CONFIG_MAP, "A", False),
        (CONFIG_MAP, "a_b", False),
        (CONFIG_MAP, "a" * 253, True),
        (CONFIG_MAP, "a" * 254, False),
        (CONFIG_MAP, 7, False),
        (CONFIG_MAP, "", False),
        (SERVICE, "web", True),
        (SERVICE, "1web", False),
        (SERVICE, "a.b", False),
        (NAMESPACE, "1web", True),
        (NAMESPACE, "a" * 64, False),
        (ROLE, "system:Any", True),
        (ROLE, "a/b", False),
    ],
)
def test_a_name_must_be_one_that_the_kind_allows(kind: Kind, name: Any, fits: bool) -> None:
    failures = list(shape_failures(kind, normalize(kind, {"metadata": {"name": name}})))

    assert [failure.property for failure in failures] == ([] if fits else ["metadata.name"])


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({"name": "a", "namespace": "Upper"}, "metadata.namespace"),
        ({"name": "a", "labels": {"a": 1}}, 'metadata.labels["a"]'),
        ({"name": "a", "labels": {"a": "two words"}}, 'metadata.labels["a"]'),
        ({"name": "a", "labels": {"bad key": "x"}}, 'metadata.labels["bad key"]'),
        ({"name": "a", "labels": ["x"]}, "metadata.labels"),
        ({"name": "a", "annotations": {"a": True}}, 'metadata.annotations["a"]'),
        ({"name": "a", "generateName": "a-"}, "metadata.generateName"),
    ],
)
def test_wrong_metadata_is_refused_by_its_path(metadata: dict[str, Any], path: str) -> None:
    failures = list(shape_failures(CONFIG_MAP, normalize(CONFIG_MAP, {"metadata": metadata})))

    assert [failure.property for failure in failures] == [path]


def test_a_manifest_without_metadata_or_of_another_kind_is_refused() -> None:
    assert [failure.property for failure in shape_failures(CONFIG_MAP, normalize(CONFIG_MAP, {}))] == ["metadata"]
    wrong = {"apiVersion": "v2", "kind": "Secret", "metadata": {"name": "a"}}
    assert [failure.property for failure in shape_failures(CONFIG_MAP, wrong)] == ["apiVersion", "kind"]


def test_what_is_not_known_yet_is_not_refused() -> None:
    for metadata in (
        UNKNOWN,
        {"name": UNKNOWN, "namespace": UNKNOWN, "labels": {"a": UNKNOWN}, "annotations": UNKNOWN},
    ):
        assert not list(shape_failures(CONFIG_MAP, normalize(CONFIG_MAP, {"metadata": metadata})))


def test_the_texts_of_a_secret_win_over_its_data_and_are_encoded() -> None:
    inputs = {**secret("prod", password="new"), "data": {"password": "b2xk", "other": "eA=="}}

    manifest = to_manifest(inputs, "prod")

    assert manifest["data"] == {"password": "bmV3", "other": "eA=="}
    assert "stringData" not in manifest
    assert inputs["stringData"] == {"password": "new"}


def test_a_cluster_wide_object_loses_a_namespace_and_any_object_its_status() -> None:
    manifest = to_manifest({**config_map("prod"), "status": {}}, "")

    assert "namespace" not in manifest["metadata"]
    assert "status" not in manifest


def test_the_extensions_of_a_definition_change_their_spelling_both_ways_but_data_does_not() -> None:
    crd = definition("widgets", "Widget")
    field = {"x-kubernetes-preserve-unknown-fields": True, "type": "object"}

    manifest = to_manifest(crd, "")

    assert manifest["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == field
    assert to_declared(crd) == manifest
    assert from_manifest(Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), manifest) == crd
    kind = Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    assert from_manifest(kind, manifest, like=crd) == crd, "as the typed classes spell it"
    assert from_manifest(kind, manifest, like=to_declared(crd)) == to_declared(crd), "as a manifest spells it"
    data = config_map("prod", x_kubernetes_list_type="kept")
    assert to_manifest(data, "prod")["data"] == {"x_kubernetes_list_type": "kept"}


def test_outputs_leave_out_the_managed_fields() -> None:
    live = {**config_map("prod"), "metadata": {"name": "a", "managedFields": [{}]}}

    assert to_outputs(live)["metadata"] == {"name": "a"}
    assert live["metadata"]["managedFields"] == [{}]


def test_unknown_values_are_left_out_with_their_paths() -> None:
    value = {"a": UNKNOWN, "b": [1, UNKNOWN, {"c": UNKNOWN, "d": 2}]}

    assert without_unknowns(value) == ({"b": [1, {"d": 2}]}, [("a",), ("b", 1), ("b", 2, "c")])
