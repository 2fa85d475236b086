from __future__ import annotations

import copy
from typing import Any

import pytest

from sandbox.engine.diff import diff
from sandbox.engine.providers.kubernetes.immutable import replaced_by
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.values import UNKNOWN
from tests.support.kubernetes_inputs import config_map, deployment, pod_spec, secret


def decide(old: dict[str, Any], new: dict[str, Any], **options: bool) -> set[str]:
    group, _, version = old["apiVersion"].rpartition("/")
    return replaced_by(Kind(group, version, old["kind"]), diff(old, new), old, **options)


def test_another_name_or_namespace_is_another_object() -> None:
    assert decide(config_map("a"), config_map("b")) == {"metadata.namespace"}
    assert decide(config_map("a"), config_map("a", "other")) == {"metadata.name"}


def test_a_name_that_is_not_known_yet_is_planned_as_a_replacement() -> None:
    new = config_map("a")
    new["metadata"]["name"] = UNKNOWN

    assert decide(config_map("a"), new) == {"metadata.name"}


def test_labels_images_and_replicas_change_in_place() -> None:
    old, new = deployment("a"), deployment("a", replicas=3)
    new["metadata"]["labels"] = {"a": "b"}
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "other"

    assert decide(old, new) == set()


def test_only_the_changes_that_force_it_are_named() -> None:
    old, new = deployment("a"), deployment("a", replicas=3)
    new["spec"]["selector"]["matchLabels"]["tier"] = "front"

    assert decide(old, new) == {"spec.selector.matchLabels.tier"}


def test_the_data_of_config_maps_and_secrets_is_replaced_unless_the_provider_may_change_it() -> None:
    old, new = config_map("a", x="1"), config_map("a", x="2")
    assert decide(old, new) == {"data.x"}
    assert decide(old, new, config_map_mutable=True) == set()
    assert decide({**old, "immutable": True}, {**new, "immutable": True}, config_map_mutable=True) == {"data.x"}
    assert decide({**old, "immutable": True}, old, config_map_mutable=True) == {"immutable"}
    assert decide(old, {**old, "immutable": True}, config_map_mutable=True) == set()
    old, new = secret("a", x="1"), secret("a", x="2")
    assert decide(old, new) == {"stringData.x"}
    assert decide(old, new, secret_mutable=True) == set()
    assert decide({**old, "type": "one"}, {**old, "type": "two"}, secret_mutable=True) == {"type"}


def stateful(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec}


@pytest.mark.parametrize("field", ["replicas", "minReadySeconds", "ordinals", "updateStrategy", "template"])
def test_a_stateful_set_changes_these_fields_in_place(field: str) -> None:
    assert decide(stateful(serviceName="db"), stateful(serviceName="db", **{field: 1})) == set()


@pytest.mark.parametrize("field", ["serviceName", "podManagementPolicy", "volumeClaimTemplates", "anythingNew"])
def test_a_stateful_set_is_replaced_for_every_other_field(field: str) -> None:
    assert decide(stateful(replicas=1), stateful(replicas=1, **{field: "x"})) == {f"spec.{field}"}


def claim(storage: Any) -> dict[str, Any]:
    spec = {"resources": {"requests": {"storage": storage}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": spec}


def test_a_claim_grows_in_place_but_shrinks_only_by_replacement() -> None:
    assert decide(claim("1Gi"), claim("2Gi")) == set()
    assert decide(claim("2Gi"), claim("1Gi")) == {"spec.resources.requests.storage"}
    assert decide(claim("1Gi"), claim(UNKNOWN)) == set()


def test_a_pod_is_replaced_for_its_image_as_pulumi_does() -> None:
    old = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": pod_spec()}
    new = copy.deepcopy(old)
    new["spec"]["containers"][0]["image"] = "other"
    new["spec"]["tolerations"] = [{"operator": "Exists"}]

    assert decide(old, new) == {"spec.containers[0].image"}


def test_a_binding_to_another_role_is_another_binding() -> None:
    old = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "roleRef": {"name": "a"},
        "subjects": [],
    }

    assert decide(old, {**old, "roleRef": {"name": "b"}, "subjects": [{"name": "x"}]}) == {"roleRef.name"}


def test_a_custom_resource_changes_in_place() -> None:
    old = {
        "apiVersion": "example.com/v1",
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": {"selector": {"a": 1}},
    }

    assert decide(old, {**old, "spec": {"selector": {"a": 2}}}) == set()
