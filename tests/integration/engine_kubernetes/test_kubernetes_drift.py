from __future__ import annotations

import copy
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.kubernetes_corpus import corpus
from tests.support.kubernetes_inputs import config_map, deployment, secret, service

pytestmark = pytest.mark.integration


def test_an_untouched_object_shows_no_drift_though_the_server_completes_and_rewrites_it(
    kube: Any, namespace: str
) -> None:
    objects = corpus(namespace)
    with ThreadPoolExecutor(16) as pool:
        created = list(pool.map(kube.create, objects))
        time.sleep(1)
        found = list(pool.map(kube.read, objects))
        list(pool.map(kube.delete, [inputs for inputs in objects if "namespace" not in inputs["metadata"]]))

    assert len(created) == len(objects)
    for inputs, live in zip(objects, found, strict=True):
        assert live.inputs == inputs, inputs["kind"]
        assert live.foreign == (), inputs["kind"]


def test_every_kind_is_previewed_by_the_server_though_its_namespace_is_not_there(kube: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        previews = list(pool.map(kube.preview, corpus("not-there-yet")))

    assert {preview.validated for preview in previews} == {"offline", "server"}


def test_a_value_changed_by_hand_is_drift_and_an_update_repairs_it(kube: Any, namespace: str) -> None:
    inputs = deployment(namespace, replicas=0)
    kube.create(inputs)
    containers = [{"name": "app", "image": "registry.invalid/app:hacked"}]
    kube.by_hand(inputs, {"spec": {"template": {"spec": {"containers": containers}}}})

    live = kube.read(inputs)

    expected = copy.deepcopy(inputs)
    expected["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.invalid/app:hacked"
    assert live.inputs == expected
    assert live.foreign == ()
    kube.update(live.inputs, inputs, repair=True)
    assert kube.read(inputs).inputs == inputs


def test_what_was_deleted_by_hand_inside_an_object_is_drift(kube: Any, namespace: str) -> None:
    inputs = config_map(namespace, one="1", two="2")
    kube.create(inputs)
    kube.by_hand(inputs, [{"op": "remove", "path": "/data/two"}])

    assert kube.read(inputs).inputs["data"] == {"one": "1"}


def test_what_was_added_by_hand_is_named_and_only_a_repair_removes_it(kube: Any, namespace: str) -> None:
    inputs = deployment(namespace, replicas=0)
    kube.create(inputs)
    uid = kube.read(inputs).outputs["metadata"]["uid"]
    sidecar = {"name": "sidecar", "image": "registry.invalid/miner:1"}
    kube.by_hand(inputs, {"metadata": {"labels": {"added": "x"}, "annotations": {"example.com/by": "hand"}}})
    kube.by_hand(inputs, {"spec": {"template": {"spec": {"containers": [sidecar]}}}})
    kube.by_hand(inputs, {"spec": {"template": {"spec": {"nodeSelector": {"disk": "fast"}}}}})

    live = kube.read(inputs)

    assert live.inputs == inputs
    index = [one["name"] for one in live.outputs["spec"]["template"]["spec"]["containers"]].index("sidecar")
    assert set(live.foreign) == {
        "metadata.labels.added",
        'metadata.annotations["example.com/by"]',
        f"spec.template.spec.containers[{index}]",
        "spec.template.spec.nodeSelector",
    }
    kube.update(inputs, inputs)
    assert set(kube.read(inputs).foreign) == set(live.foreign)
    kube.update(inputs, inputs, repair=True)
    after = kube.read(inputs)
    assert after.foreign == ()
    assert after.inputs == inputs
    assert [one["name"] for one in after.outputs["spec"]["template"]["spec"]["containers"]] == ["app"]
    assert after.outputs["metadata"]["uid"] == uid


def test_an_object_recreated_by_hand_is_repaired_for_good(kube: Any, namespace: str) -> None:
    inputs = service(namespace)
    kube.create(inputs)
    kube.api("DELETE", kube.path(inputs))
    kube.api("POST", kube.path(inputs).rsplit("/", 1)[0], inputs, fieldManager="kubectl-create")

    assert kube.read(inputs).foreign, "its defaults belong to whoever created it"
    kube.update(inputs, inputs, repair=True)

    live = kube.read(inputs)
    assert (live.inputs, live.foreign) == (inputs, ())


def test_the_controllers_own_changes_are_no_drift(kube: Any, namespace: str) -> None:
    inputs = deployment(namespace, replicas=1)

    kube.create(inputs)

    live = kube.read(inputs)
    assert (live.inputs, live.foreign) == (inputs, ())
    assert "deployment.kubernetes.io/revision" in live.outputs["metadata"]["annotations"]


def test_scaling_by_hand_is_drift(kube: Any, namespace: str) -> None:
    inputs = deployment(namespace, replicas=0)
    kube.create(inputs)
    merge = "application/merge-patch+json"
    kube.api("PATCH", f"{kube.path(inputs)}/scale", {"spec": {"replicas": 2}}, merge, fieldManager="kubectl")

    live = kube.read(inputs)

    assert live.inputs["spec"]["replicas"] == 2
    assert live.foreign == ()


def test_a_changed_secret_is_drift_in_the_text_that_was_declared(kube: Any, namespace: str) -> None:
    inputs = secret(namespace, password="correct horse")
    kube.create(inputs)
    kube.by_hand(inputs, {"data": {"password": "aGFja2Vk", "more": "bW9yZQ=="}})

    live = kube.read(inputs)

    assert live.inputs["stringData"] == {"password": "hacked"}
    assert live.foreign == ("data.more",)


def test_reading_without_inputs_gives_the_whole_object_for_an_import(kube: Any, namespace: str) -> None:
    inputs = config_map(namespace)
    kube.create(inputs)

    live = kube.provider.read(kube.target(inputs), kube.id(inputs), {}, {})

    assert live.inputs == inputs
