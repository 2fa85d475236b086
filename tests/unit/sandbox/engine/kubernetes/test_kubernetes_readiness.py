"""Object states as the API server reports them, shortened to what is judged."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.providers.kubernetes.readiness import JUDGES, Related, judge_of


def judge(key: tuple[str, str], obj: dict[str, Any], **related: Any) -> tuple[str, str]:
    verdict = JUDGES[key](obj, Related(**related))
    return verdict.state, verdict.text


def workload(status: dict[str, Any], generation: int = 2, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "spec": spec, "status": {"observedGeneration": 2, **status}}


DEPLOYMENT = ("apps", "Deployment")
EXCEEDED = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too slow"}


@pytest.mark.parametrize(
    ("obj", "state", "text"),
    [
        (workload({"updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}, replicas=2), "ready", ""),
        (workload({"updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}), "ready", ""),
        (workload({}, replicas=0), "ready", ""),
        (workload({}, generation=3, replicas=0), "waiting", "not seen it"),
        (workload({}, generation=3, replicas=2, paused=True), "ready", ""),
        (workload({"updatedReplicas": 1, "replicas": 3}, replicas=2), "waiting", "1 of 2 replicas updated"),
        (workload({"updatedReplicas": 2, "replicas": 3}, replicas=2), "waiting", "1 old replicas"),
        (
            workload({"updatedReplicas": 2, "replicas": 2, "availableReplicas": 1}, replicas=2),
            "waiting",
            "1 of 2 replicas available",
        ),
        (workload({"conditions": [EXCEEDED]}, replicas=2), "failed", "too slow"),
    ],
)
def test_a_deployment_is_ready_when_all_its_newest_replicas_are_available(
    obj: dict[str, Any], state: str, text: str
) -> None:
    found = judge(DEPLOYMENT, obj)

    assert found[0] == state
    assert text in found[1]


FULL = {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 3, "currentRevision": "b", "updateRevision": "b"}


@pytest.mark.parametrize(
    ("status", "spec", "state"),
    [
        (FULL, {}, "ready"),
        ({**FULL, "readyReplicas": 2}, {}, "waiting"),
        ({**FULL, "updatedReplicas": 1}, {}, "waiting"),
        ({**FULL, "currentRevision": "a"}, {}, "waiting"),
        ({**FULL, "updatedReplicas": 0}, {"updateStrategy": {"type": "OnDelete"}}, "ready"),
        (
            {**FULL, "updatedReplicas": 1, "currentRevision": "a"},
            {"updateStrategy": {"rollingUpdate": {"partition": 2}}},
            "ready",
        ),
        ({**FULL, "replicas": 4}, {}, "waiting"),
    ],
)
def test_a_stateful_set_is_ready_when_its_replicas_are_and_are_of_the_newest_revision(
    status: dict[str, Any], spec: dict[str, Any], state: str
) -> None:
    assert judge(("apps", "StatefulSet"), workload(status, replicas=3, **spec))[0] == state


@pytest.mark.parametrize(
    ("status", "spec", "state"),
    [
        ({"desiredNumberScheduled": 0}, {}, "ready"),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}, {}, "ready"),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}, {}, "waiting"),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}, {}, "waiting"),
        (
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 0, "numberAvailable": 2},
            {"updateStrategy": {"type": "OnDelete"}},
            "ready",
        ),
    ],
)
def test_a_daemon_set_is_ready_when_every_node_has_its_pod(
    status: dict[str, Any], spec: dict[str, Any], state: str
) -> None:
    assert judge(("apps", "DaemonSet"), workload(status, **spec))[0] == state


def having(*conditions: tuple[str, str], **more: Any) -> dict[str, Any]:
    listed = [{"type": type, "status": status, "reason": "Why", "message": "because"} for type, status in conditions]
    return {"metadata": {}, "spec": {}, "status": {"conditions": listed, **more}}


@pytest.mark.parametrize(
    ("key", "obj", "state"),
    [
        (("batch", "Job"), having(("Complete", "True")), "ready"),
        (("batch", "Job"), having(("Failed", "True")), "failed"),
        (("batch", "Job"), having(active=1), "waiting"),
        (("batch", "Job"), {"spec": {"suspend": True}}, "ready"),
        (("", "Pod"), having(("Ready", "True"), phase="Running"), "ready"),
        (("", "Pod"), having(("Ready", "False"), phase="Running"), "waiting"),
        (("", "Pod"), having(("Ready", "False"), phase="Succeeded"), "ready"),
        (("", "Pod"), having(phase="Failed"), "failed"),
        (("", "Namespace"), having(phase="Active"), "ready"),
        (("", "Namespace"), having(phase="Terminating"), "waiting"),
        (("", "PersistentVolume"), having(phase="Available"), "ready"),
        (("", "PersistentVolume"), having(phase="Pending"), "waiting"),
        (("", "ReplicationController"), workload({"readyReplicas": 1}, replicas=1), "ready"),
        (("", "ReplicationController"), workload({"readyReplicas": 0}, replicas=1), "waiting"),
        (("", "Secret"), {"type": "Opaque"}, "ready"),
        (("", "Secret"), {"type": "kubernetes.io/service-account-token"}, "waiting"),
        (("", "Secret"), {"type": "kubernetes.io/service-account-token", "data": {"token": "x"}}, "ready"),
        (("networking.k8s.io", "Ingress"), having(loadBalancer={"ingress": [{"ip": "10.0.0.1"}]}), "ready"),
        (("networking.k8s.io", "Ingress"), having(loadBalancer={}), "waiting"),
        (("apiextensions.k8s.io", "CustomResourceDefinition"), having(("Established", "True")), "ready"),
        (("apiextensions.k8s.io", "CustomResourceDefinition"), having(("NamesAccepted", "True")), "waiting"),
        (("apiextensions.k8s.io", "CustomResourceDefinition"), having(("NamesAccepted", "False")), "failed"),
    ],
)
def test_other_kinds_are_judged_by_their_conditions_and_phases(
    key: tuple[str, str], obj: dict[str, Any], state: str
) -> None:
    assert judge(key, obj)[0] == state


def test_a_quota_is_ready_when_its_controller_enforces_the_same_amounts() -> None:
    key = ("", "ResourceQuota")
    assert judge(key, {"spec": {"hard": {"cpu": "1000m"}}, "status": {"hard": {"cpu": "1"}}})[0] == "ready"
    assert judge(key, {"spec": {"hard": {"cpu": "2"}}, "status": {"hard": {"cpu": "1"}}})[0] == "waiting"
    assert judge(key, {"spec": {"hard": {"cpu": "1"}}, "status": {}})[0] == "waiting"


def test_a_claim_waits_to_be_bound_unless_its_class_waits_for_a_pod() -> None:
    key, pending = ("", "PersistentVolumeClaim"), having(phase="Pending")
    assert judge(key, having(phase="Bound"))[0] == "ready"
    assert judge(key, pending)[0] == "waiting"
    assert judge(key, pending, binding_mode="WaitForFirstConsumer")[0] == "ready"
    assert judge(key, having(phase="Lost"))[0] == "failed"


def endpoints(*ready: bool | None) -> list[dict[str, Any]]:
    return [{"endpoints": [{"conditions": {"ready": one}} for one in ready]}]


@pytest.mark.parametrize(
    ("spec", "slices", "state"),
    [
        ({"selector": {"a": "b"}}, endpoints(True, True), "ready"),
        ({"selector": {"a": "b"}}, endpoints(), "ready"),
        ({"selector": {"a": "b"}}, endpoints(True, False), "waiting"),
        ({"selector": {"a": "b"}}, [], "waiting"),
        ({"selector": {"a": "b"}}, [{"endpoints": [{"conditions": {"ready": False, "terminating": True}}]}], "ready"),
        ({"selector": {"a": "b"}, "clusterIP": "None"}, endpoints(False), "ready"),
        ({"type": "ExternalName", "selector": {"a": "b"}}, [], "ready"),
        ({}, [], "ready"),
        ({"type": "LoadBalancer"}, [], "waiting"),
    ],
)
def test_a_service_is_ready_when_none_of_its_endpoints_is_still_to_come(
    spec: dict[str, Any], slices: list[dict[str, Any]], state: str
) -> None:
    assert judge(("", "Service"), {"spec": spec, "status": {}}, slices=slices)[0] == state


def test_a_load_balancer_is_ready_with_its_address() -> None:
    obj = {"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}}

    assert judge(("", "Service"), obj)[0] == "ready"


def test_kinds_without_a_judgement_are_ready_once_accepted() -> None:
    assert judge_of(Kind("", "v1", "ConfigMap")) is None
    assert judge_of(Kind("kafka.strimzi.io", "v1beta2", "Kafka")) is None
