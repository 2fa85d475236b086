from __future__ import annotations

import secrets
from typing import Any

import pytest

from sandbox.engine.provider import AlreadyExistsError, ProviderError
from sandbox.engine.providers.kubernetes import Connection, KubernetesProvider, Settings
from sandbox.engine.values import UNKNOWN
from tests.support.kube import Kube
from tests.support.kubernetes_inputs import config_map, definition, deployment, secret, service

pytestmark = pytest.mark.integration


def test_an_object_is_created_with_an_id_and_outputs_changed_in_place_and_deleted(kube: Any, namespace: str) -> None:
    inputs = config_map(namespace, mode="fast")

    created = kube.create(inputs)

    assert created.id == f"{namespace}/settings"
    assert created.outputs["data"] == {"mode": "fast"}
    assert created.outputs["metadata"]["uid"]
    changed = kube.update(inputs, config_map(namespace, other="slow"))
    assert changed["data"] == {"other": "slow"}, "a key that is no longer declared must go"
    kube.delete(inputs)
    assert kube.read(inputs) is None
    kube.delete(inputs)


def test_what_an_interrupted_create_left_is_found_by_its_name(kube: Any, namespace: str) -> None:
    inputs = config_map(namespace)
    created = kube.create(inputs)

    found = kube.provider.recover(kube.target(inputs), inputs, "nonce")

    assert found.outputs["metadata"]["uid"] == created.outputs["metadata"]["uid"]


@pytest.mark.parametrize("manager", ["somebody", "pulumi-kubernetes"])
def test_creating_over_an_object_is_refused_before_it_is_touched_and_names_who_manages_it(
    kube: Any, namespace: str, manager: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    kube.api("POST", path, config_map(namespace, mode="theirs"), fieldManager=manager)
    same, different = config_map(namespace, mode="theirs"), config_map(namespace, mode="ours")

    for inputs in (same, different):
        with pytest.raises(AlreadyExistsError, match=rf"create ConfigMap .*settings.*{manager}.*To fix it.*alias"):
            kube.create(inputs)
        with pytest.raises(AlreadyExistsError, match=manager):
            kube.preview(inputs)

    assert kube.api("GET", f"{path}/settings")["data"] == {"mode": "theirs"}


def test_an_object_is_taken_over_where_the_provider_says_so_unless_somebody_else_set_the_field(
    connection: Connection, kube: Any, namespace: str
) -> None:
    upserting = Kube(KubernetesProvider(connection, Settings.of_provider({"upsertExistingObjects": "true"})))
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    kube.api("POST", path, config_map(namespace, mode="theirs"), fieldManager="somebody")

    with pytest.raises(ProviderError, match=r"(?s)create ConfigMap .*settings.*data.mode.*somebody.*To fix it"):
        upserting.create(config_map(namespace, mode="ours"))
    with pytest.raises(ProviderError, match="somebody"):
        upserting.preview(config_map(namespace, mode="ours"))
    upserting.preview(config_map(namespace, mode="theirs", more="ours"))
    taken_over = upserting.create(config_map(namespace, mode="theirs", more="ours"))
    upserting.provider.close()

    assert taken_over.outputs["data"] == {"mode": "theirs", "more": "ours"}


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"dataa": {"x": "y"}}, "dataa"),
        ({"data": {"x": 1}}, "data"),
        ({"data": {"bad key": "y"}}, "bad key"),
    ],
)
def test_what_the_schema_does_not_allow_is_refused_at_once_with_its_field(
    kube: Any, namespace: str, broken: dict[str, Any], named: str
) -> None:
    with pytest.raises(ProviderError, match=named):
        kube.create({**config_map(namespace), **broken})


def test_the_texts_of_a_secret_are_stored_encoded_and_a_removed_one_goes(kube: Any, namespace: str) -> None:
    both = secret(namespace, user="admin", password="correct horse")
    kube.create(both)

    one = secret(namespace, user="root")
    outputs = kube.update(both, one)

    assert outputs["data"] == {"user": "cm9vdA=="}
    live = kube.read(one)
    assert live.inputs == one
    assert live.foreign == ()


def test_a_refused_secret_is_reported_without_its_value(kube: Any, namespace: str) -> None:
    canary = f"canary-{secrets.token_hex(8)}"
    inputs = secret(namespace, password=canary)
    # the server quotes a label that it refuses
    inputs["metadata"]["labels"] = {"copied": f"{canary} with spaces"}

    with pytest.raises(ProviderError) as failure:
        kube.create(inputs)

    assert "[secret] with spaces" in str(failure.value)
    assert canary not in str(failure.value)


def test_a_custom_resource_can_follow_its_definition_at_once(kube: Any, namespace: str) -> None:
    word = f"w{secrets.token_hex(3)}"
    crd = definition(f"{word}s", word.capitalize())
    resource = {
        "apiVersion": "test.example.com/v1",
        "kind": word.capitalize(),
        "metadata": {"name": "one", "namespace": namespace},
        "spec": {"size": 3, "flag": False},
    }
    assert kube.preview(resource).validated == "offline"
    with pytest.raises(ProviderError, match=r"does not serve this kind; declare its CustomResourceDefinition"):
        kube.create(resource)

    created = kube.create(crd)
    assert created.outputs["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["x_kubernetes_preserve_unknown_fields"]
    assert kube.read(crd).inputs == crd
    try:
        assert kube.create(resource).outputs["spec"] == {"size": 3, "flag": False}
        assert kube.read(resource).inputs == resource
        assert kube.preview_update(resource, resource).validated == "server"
        kube.delete(resource)
    finally:
        kube.delete(crd)
    assert kube.read(resource) is None, "without its definition the kind is not served, so the object is gone"
    kube.delete(resource)


def test_what_an_interrupted_create_left_is_found_by_its_name_but_not_what_others_made(
    kube: Any, namespace: str
) -> None:
    ours, theirs = config_map(namespace, "ours"), config_map(namespace, "theirs")
    kube.create(ours)
    kube.api("POST", f"/api/v1/namespaces/{namespace}/configmaps", theirs, fieldManager="somebody")

    recovered = kube.provider.recover(kube.target(ours), ours, "nonce")

    assert recovered is not None
    assert recovered.id == f"{namespace}/ours"
    assert kube.provider.recover(kube.target(theirs), theirs, "nonce") is None
    absent = config_map(namespace, "absent")
    assert kube.provider.recover(kube.target(absent), absent, "nonce") is None


def test_a_preview_is_validated_by_the_server_and_leaves_nothing(kube: Any, namespace: str) -> None:
    preview = kube.preview(service(namespace))

    assert preview.validated == "server"
    assert preview.outputs["spec"]["clusterIP"] is UNKNOWN
    assert preview.outputs["metadata"]["uid"] is UNKNOWN
    assert preview.outputs["spec"]["ports"][0]["protocol"] == "TCP"
    assert kube.read(service(namespace)) is None


def test_a_list_of_which_only_an_unknown_value_was_given_is_unknown_as_a_whole(kube: Any, namespace: str) -> None:
    inputs = deployment(namespace)
    container = inputs["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [{"configMapRef": {"name": UNKNOWN}}]
    container["args"] = [UNKNOWN]

    seen = kube.preview(inputs).outputs["spec"]["template"]["spec"]["containers"][0]

    assert all(isinstance(key, str) for key in seen)
    assert seen["envFrom"] is UNKNOWN or seen["envFrom"][0]["configMapRef"]["name"] is UNKNOWN
    assert seen["args"] is UNKNOWN or seen["args"] == [UNKNOWN]


def test_a_preview_in_a_namespace_of_the_same_plan_is_still_validated_strictly(kube: Any) -> None:
    preview = kube.preview(deployment("not-there-yet"))

    assert preview.validated == "offline"
    assert preview.outputs["metadata"]["namespace"] == "not-there-yet"
    broken = deployment("not-there-yet")
    broken["spec"]["template"]["spec"]["containers"][0]["imagee"] = "typo"
    with pytest.raises(ProviderError, match="imagee"):
        kube.preview(broken)


def test_a_preview_with_unknown_values_validates_the_known_ones(kube: Any, namespace: str) -> None:
    inputs = deployment(namespace)
    inputs["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = UNKNOWN

    preview = kube.preview(inputs)

    assert preview.validated == "offline"
    assert preview.outputs["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] is UNKNOWN
    inputs["spec"]["replicas"] = -1
    with pytest.raises(ProviderError, match="replicas"):
        kube.preview(inputs)


def test_a_preview_tolerates_a_required_value_that_is_only_known_later(kube: Any, namespace: str) -> None:
    inputs = deployment(namespace)
    inputs["spec"]["template"]["spec"]["containers"][0]["name"] = UNKNOWN
    assert kube.preview(inputs).validated == "offline"
    named_later = config_map(namespace)
    named_later["metadata"]["name"] = UNKNOWN
    assert kube.preview(named_later).validated == "offline"


def test_the_preview_of_a_replacement_does_not_trip_over_the_object_that_will_be_deleted(
    kube: Any, namespace: str
) -> None:
    old = deployment(namespace, replicas=0)
    kube.create(old)
    new = deployment(namespace, replicas=0)
    new["spec"]["selector"]["matchLabels"] = {"app": "web", "tier": "front"}
    new["spec"]["template"]["metadata"]["labels"] = {"app": "web", "tier": "front"}

    assert kube.replaces(old, new) == {"spec.selector.matchLabels.tier"}
    preview = kube.preview(new, replaced=True)

    assert preview.outputs["metadata"]["namespace"] == namespace
    assert preview.outputs["spec"]["selector"]["matchLabels"]["tier"] == "front"


def test_a_cluster_wide_replacement_is_previewed_under_another_name(kube: Any) -> None:
    name = f"t-{secrets.token_hex(4)}"
    old = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": 10,
    }
    kube.create(old)
    try:
        preview = kube.preview({**old, "value": 20}, replaced=True)
    finally:
        kube.delete(old)

    assert preview.outputs["metadata"]["name"] == name
    assert preview.outputs["value"] == 20


def test_names_that_need_escaping_in_a_path_work(kube: Any) -> None:
    name = f"test:{secrets.token_hex(4)}"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    }

    assert kube.create(role).id == name
    assert kube.read(role).inputs == role
    kube.delete(role)
    assert kube.read(role) is None


def test_what_is_being_deleted_counts_as_gone_and_its_successor_is_created_after_it(kube: Any) -> None:
    name = f"t-{secrets.token_hex(4)}"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    inside = config_map(name)
    first = kube.create(space)
    kube.api("DELETE", f"/api/v1/namespaces/{name}")

    assert kube.read(space) is None
    assert kube.provider.recover(kube.target(space), space, "nonce") is None
    assert kube.preview(space).validated in ("server", "offline")
    assert kube.preview(inside).validated == "offline"
    second = kube.create(space)

    assert second.outputs["metadata"]["uid"] != first.outputs["metadata"]["uid"]
    assert kube.create(inside).id == f"{name}/settings"
    kube.delete(space)


def test_a_successor_does_not_wait_for_ever_for_what_cannot_be_deleted(kube: Any, namespace: str) -> None:
    held = config_map(namespace)
    held["metadata"]["finalizers"] = ["example.com/held"]
    kube.create(held)
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
    kube.api("DELETE", path)

    with pytest.raises(AlreadyExistsError, match=r"example\.com/held"):
        kube.create(config_map(namespace), timeout=1.0)

    patch = [{"op": "remove", "path": "/metadata/finalizers"}]
    kube.api("PATCH", path, patch, content="application/json-patch+json")
