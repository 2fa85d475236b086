from __future__ import annotations

import secrets
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.engine.provider import PartialFailureError, ProviderError
from tests.support.kubernetes_inputs import config_map, deployment, pod_spec, service

pytestmark = pytest.mark.integration

NOWHERE = {"example.com/no-such-node": "true"}


def test_a_deployment_is_created_when_its_replicas_are_available(kube: Any, namespace: str) -> None:
    desired = deployment(namespace, replicas=2)
    # Ready pods count as available only after this: there is something to report however late the first look is.
    desired["spec"]["minReadySeconds"] = 3
    created = kube.create(desired)

    assert created.outputs["status"]["availableReplicas"] == 2
    assert created.outputs["kind"] == "Deployment"
    assert any("of 2 replicas" in text for text in kube.reports)


def test_a_changed_deployment_is_awaited_until_its_old_replicas_are_gone(kube: Any, namespace: str) -> None:
    old, new = deployment(namespace, replicas=2), deployment(namespace, replicas=3)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.invalid/app:2"
    kube.create(old)

    outputs = kube.update(old, new)

    assert outputs["status"]["updatedReplicas"] == outputs["status"]["replicas"] == 3
    assert outputs["status"]["observedGeneration"] == outputs["metadata"]["generation"]


def test_stateful_sets_daemon_sets_claims_and_services_become_ready(kube: Any, namespace: str) -> None:
    labels = {"app": "db"}
    template = {"metadata": {"labels": labels}, "spec": pod_spec()}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    stateful = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": namespace},
        "spec": {
            "serviceName": "db",
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": template,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        },
    }
    daemon = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    alone = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "alone", "namespace": namespace},
        "spec": claim,
    }

    assert kube.create(stateful).outputs["status"]["readyReplicas"] == 2
    assert kube.create(daemon).outputs["status"]["numberAvailable"] >= 1
    assert kube.create(alone).outputs["status"]["phase"] in ("Bound", "Pending")
    assert kube.create(service(namespace, "db", clusterIP="None")).outputs["spec"]["clusterIP"] == "None"
    assert kube.create(service(namespace, "db2", selector=labels)).outputs["spec"]["clusterIP"]
    for inputs in (stateful, alone):
        live = kube.read(inputs)
        assert (live.inputs, live.foreign) == (inputs, ())
    kube.delete(stateful)
    assert kube.read(stateful) is None


def test_a_pod_can_follow_its_namespace_at_once(kube: Any) -> None:
    name = f"t-{secrets.token_hex(4)}"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "namespace": name}, "spec": pod_spec()}
    assert kube.preview(pod).validated == "offline"
    kube.create(namespace)

    created = kube.create(pod)

    assert created.outputs["status"]["phase"] == "Running"
    live = kube.read(pod)
    assert (live.inputs, live.foreign) == (pod, ())
    kube.delete(pod)
    assert kube.read(pod) is None
    kube.api("DELETE", f"/api/v1/namespaces/{name}")


def test_a_time_out_tells_which_replicas_are_missing_and_why(kube: Any, namespace: str) -> None:
    with pytest.raises(PartialFailureError) as failure:
        kube.create(deployment(namespace, nodeSelector=NOWHERE), timeout=3)

    text = str(failure.value)
    assert f"Deployment {namespace}/web: not ready after 3 s: 0 of 1 replicas available" in text
    assert "not scheduled (Unschedulable)" in text
    assert "node selector" in text or "node affinity" in text
    assert failure.value.id == f"{namespace}/web"
    assert failure.value.outputs["metadata"]["name"] == "web"


def test_a_time_out_names_an_exceeded_quota(kube: Any, namespace: str) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small", "namespace": namespace},
        "spec": {"hard": {"pods": "0"}},
    }
    kube.create(quota)

    with pytest.raises(PartialFailureError, match=r"(?s)ReplicaFailure is True.*exceeded quota: small"):
        kube.create(deployment(namespace), timeout=3)


def test_the_time_out_can_be_given_by_annotation_and_waiting_can_be_skipped(kube: Any, namespace: str) -> None:
    hurried, skipped = (
        deployment(namespace, "a", nodeSelector=NOWHERE),
        deployment(namespace, "b", nodeSelector=NOWHERE),
    )
    hurried["metadata"]["annotations"] = {"pulumi.com/timeoutSeconds": "1"}
    skipped["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}

    with pytest.raises(PartialFailureError, match="not ready after 1 s"):
        kube.create(hurried)
    assert kube.create(skipped).id == f"{namespace}/b"


def test_a_stopped_run_ends_its_waits_within_a_second(kube: Any, namespace: str, stop: threading.Event) -> None:
    threading.Timer(1.0, stop.set).start()
    started = time.monotonic()

    with pytest.raises(PartialFailureError, match="because the run was stopped"):
        kube.create(deployment(namespace, nodeSelector=NOWHERE), cancelled=stop)

    assert time.monotonic() - started < 3


def test_an_object_deleted_while_it_is_awaited_is_an_error_at_once(kube: Any, namespace: str) -> None:
    inputs = deployment(namespace, nodeSelector=NOWHERE)
    threading.Timer(1.0, kube.api, ("DELETE", kube.path(inputs))).start()

    with pytest.raises(ProviderError, match="deleted by somebody else while waiting") as failure:
        kube.create(inputs, timeout=30)
    assert not isinstance(failure.value, PartialFailureError), "nothing is left that the engine could record"


def test_a_failed_job_is_an_error_at_once(kube: Any, namespace: str) -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "never", "namespace": namespace},
        "spec": {
            "activeDeadlineSeconds": 1,
            "template": {"spec": pod_spec(restartPolicy="Never", nodeSelector=NOWHERE)},
        },
    }

    with pytest.raises(PartialFailureError, match="the job failed: DeadlineExceeded"):
        kube.create(job, timeout=60)
    kube.delete(job)


def test_a_finalizer_that_holds_an_object_is_named(kube: Any, namespace: str) -> None:
    inputs = config_map(namespace)
    inputs["metadata"]["finalizers"] = ["example.com/hold"]
    kube.create(inputs)

    with pytest.raises(PartialFailureError, match=r"not gone 2 s after.*finalizers example\.com/hold"):
        kube.delete(inputs, timeout=2)

    threading.Timer(1.0, kube.by_hand, (inputs, {"metadata": {"finalizers": None}})).start()
    kube.delete(inputs, timeout=20)
    assert kube.read(inputs) is None


def test_deleting_a_namespace_waits_until_all_of_it_is_gone(kube: Any) -> None:
    name = f"t-{secrets.token_hex(4)}"
    inputs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    kube.create(inputs)
    kube.create(config_map(name))

    kube.delete(inputs)

    assert kube.read(inputs) is None
    assert kube.read(config_map(name)) is None


def test_two_hundred_unready_deployments_do_not_delay_an_unrelated_object(
    kube: Any, namespace: str, stop: threading.Event
) -> None:
    waiting = [deployment(namespace, f"w{index}", replicas=0) for index in range(200)]
    for inputs in waiting:
        inputs["spec"]["replicas"] = 1
        inputs["spec"]["template"]["spec"]["nodeSelector"] = NOWHERE

    def create(inputs: dict[str, Any]) -> None:
        with pytest.raises(ProviderError):
            kube.create(inputs, cancelled=stop)

    def unrelated(name: str) -> float:
        started = time.monotonic()
        kube.create(config_map(namespace, name))
        return time.monotonic() - started

    before = statistics.median(unrelated(f"before-{index}") for index in range(5))
    threads = threading.active_count()
    with ThreadPoolExecutor(200) as pool:
        for inputs in waiting:
            pool.submit(create, inputs)
        deadline = time.monotonic() + 60
        while sum("available" in text for text in kube.reports) < 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        all_wait = sum("available" in text for text in kube.reports)
        during = statistics.median(unrelated(f"during-{index}") for index in range(5))
        own = threading.active_count() - threads - 200
        stop.set()

    assert all_wait == 200
    assert during < max(0.5, 5 * before), "200 waits must not slow an unrelated object down"
    assert own <= 0, "waiting must not take a thread per object"
