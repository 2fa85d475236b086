"""The table of immutable fields against the API server itself: what it refuses to change must be replaced."""

from __future__ import annotations

import copy
import secrets
from typing import Any

import pytest

from sandbox.engine.provider import ProviderError
from tests.support.kubernetes_inputs import config_map, definition, deployment, pod_spec

pytestmark = pytest.mark.integration

NAME = f"t-{secrets.token_hex(4)}"
WORD = f"k{secrets.token_hex(3)}"


def named(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": NAME}, **fields}


def stateful_set() -> dict[str, Any]:
    labels = {"app": "db"}
    template = {"metadata": {"labels": labels}, "spec": pod_spec()}
    spec = {"serviceName": "db", "replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return named("apps/v1", "StatefulSet", spec=spec)


def job(**changes: Any) -> dict[str, Any]:
    spec = {"suspend": True, "completions": 2, "template": {"spec": pod_spec(restartPolicy="Never")}, **changes}
    return named("batch/v1", "Job", spec=spec)


def claim() -> dict[str, Any]:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "none",
        "resources": {"requests": {"storage": "2Gi"}},
        "volumeMode": "Filesystem",
    }
    return named("v1", "PersistentVolumeClaim", spec=spec)


SUBJECTS = [{"kind": "Group", "name": "nobody", "apiGroup": "rbac.authorization.k8s.io"}]
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}

REFUSED = [
    (deployment("", NAME, replicas=0), ("spec", "selector", "matchLabels", "new"), "x"),
    (stateful_set(), ("spec", "serviceName"), "other"),
    (stateful_set(), ("spec", "podManagementPolicy"), "Parallel"),
    (job(), ("spec", "completions"), 3),
    (job(), ("spec", "completionMode"), "Indexed"),
    (job(completionMode="Indexed", backoffLimitPerIndex=1), ("spec", "backoffLimitPerIndex"), 2),
    (job(), ("spec", "managedBy"), "example.com/other"),
    (claim(), ("spec", "volumeMode"), "Block"),
    (claim(), ("spec", "storageClassName"), "other"),
    (claim(), ("spec", "resources", "requests", "storage"), "1Gi"),
    (
        named("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef=ROLE, subjects=SUBJECTS),
        ("roleRef", "name"),
        "edit",
    ),
    (named("scheduling.k8s.io/v1", "PriorityClass", value=1), ("value",), 2),
    (named("scheduling.k8s.io/v1", "PriorityClass", value=1), ("preemptionPolicy",), "Never"),
    (named("storage.k8s.io/v1", "StorageClass", provisioner="a/b"), ("reclaimPolicy",), "Retain"),
    (named("storage.k8s.io/v1", "StorageClass", provisioner="a/b"), ("volumeBindingMode",), "WaitForFirstConsumer"),
    (named("storage.k8s.io/v1", "StorageClass", provisioner="a/b"), ("provisioner",), "c/d"),
    (named("networking.k8s.io/v1", "IngressClass", spec={"controller": "a/b"}), ("spec", "controller"), "c/d"),
    (named("node.k8s.io/v1", "RuntimeClass", handler="one"), ("handler",), "two"),
    (
        named("discovery.k8s.io/v1", "EndpointSlice", addressType="IPv4", endpoints=[]),
        ("addressType",),
        "FQDN",
    ),
    (named("v1", "Secret", type="Opaque"), ("type",), "example.com/other"),
    (named("v1", "Secret", immutable=True, data={"a": "YQ=="}), ("data", "a"), "Yg=="),
    (named("v1", "ConfigMap", immutable=True, data={"a": "b"}), ("data", "a"), "c"),
    (named("v1", "ConfigMap", immutable=True, data={"a": "b"}), ("immutable",), False),
    (definition(f"{WORD}s", WORD.capitalize()), ("spec", "scope"), "Cluster"),
]
NAMESPACED = {
    "Deployment",
    "StatefulSet",
    "Job",
    "PersistentVolumeClaim",
    "RoleBinding",
    "EndpointSlice",
    "Secret",
    "ConfigMap",
}


def changed(inputs: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    result = copy.deepcopy(inputs)
    place = result
    for step in path[:-1]:
        place = place.setdefault(step, {})
    place[path[-1]] = value
    if path[:2] == ("spec", "selector"):
        result["spec"]["template"]["metadata"]["labels"]["new"] = value
    return result


@pytest.mark.parametrize(
    ("inputs", "path", "value"), REFUSED, ids=[f"{case[0]['kind']}-{'.'.join(case[1])}" for case in REFUSED]
)
def test_what_the_server_refuses_to_change_is_planned_as_a_replacement(
    kube: Any, namespace: str, inputs: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    if inputs["kind"] in NAMESPACED:
        inputs = {**inputs, "metadata": {**inputs["metadata"], "namespace": namespace}}
    inputs["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    kube.create(inputs)
    try:
        new = changed(inputs, path, value)

        with pytest.raises(ProviderError):
            kube.update(inputs, new)

        assert kube.replaces(inputs, new)
        assert kube.provider.delete_before_replace(kube.target(new), inputs, new)
        kube.preview(new, replaced=True)
        kube.delete(inputs)
        kube.create(new)
        inputs = new
    finally:
        kube.delete(inputs)


def test_what_the_server_lets_change_is_not_replaced(kube: Any, namespace: str) -> None:
    old = {**stateful_set(), "metadata": {"name": "db", "namespace": namespace}}
    kube.create(old)
    for field, value in (
        ("replicas", 1),
        ("minReadySeconds", 1),
        ("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Delete"}),
        ("ordinals", {"start": 1}),
    ):
        new = {**old, "spec": {**old["spec"], field: value}}
        assert kube.replaces(old, new) == set()
        kube.update(old, new)
    assert kube.replaces(config_map(namespace, a="1"), config_map(namespace, a="2")) == set()
