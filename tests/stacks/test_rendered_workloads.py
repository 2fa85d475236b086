"""What runs in each rendered stack: its containers, its pods, and what they refer to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pulumi_mocks import Registered
from tests.support.renders import rendered

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LONG_RUNNING = ("Deployment", "StatefulSet")
WORKLOADS = (*LONG_RUNNING, "Job", "CronJob")
every_stack = pytest.mark.parametrize("stack", ["local", "dev", "prod"])


def containers(resource: Registered) -> list[dict[str, Any]]:
    return template(resource)["spec"]["containers"]


def template(resource: Registered) -> dict[str, Any]:
    return resource.inputs["spec"]["template"]


def workloads(stack: str) -> list[Registered]:
    return [r for r in rendered(stack).kubernetes() if r.inputs.get("kind") in WORKLOADS]


@every_stack
def test_every_container_asks_for_and_is_limited_to_cpu_memory_and_disk(stack: str):
    for resource in workloads(stack):
        for container in containers(resource):
            for part in ("requests", "limits"):
                assert set(container["resources"][part]) == {"cpu", "memory", "ephemeral-storage"}, resource.urn


@every_stack
def test_every_long_running_container_is_probed(stack: str):
    for resource in workloads(stack):
        if resource.inputs["kind"] in LONG_RUNNING:
            for container in containers(resource):
                assert {"livenessProbe", "readinessProbe"} <= set(container), resource.urn


@every_stack
def test_every_pod_is_unprivileged_read_only_and_without_a_token(stack: str):
    for resource in workloads(stack):
        pod = template(resource)["spec"]
        assert pod["automountServiceAccountToken"] is False, resource.urn
        assert pod["securityContext"]["runAsNonRoot"] is True, resource.urn
        assert pod["securityContext"]["runAsUser"] > 0, resource.urn
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, resource.urn
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), resource.urn
        assert not [v for v in pod.get("volumes", []) if "hostPath" in v], resource.urn
        for container in containers(resource):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, resource.urn
            assert context["readOnlyRootFilesystem"] is True, resource.urn
            assert context["capabilities"] == {"drop": ["ALL"]}, resource.urn


@every_stack
def test_every_image_has_an_exact_tag(stack: str):
    for resource in workloads(stack):
        for container in containers(resource):
            tag = container["image"].rpartition(":")[2]
            assert tag not in ("latest", "content", container["image"]), resource.urn


@every_stack
def test_every_replicated_workload_has_a_disruption_budget_that_allows_one(stack: str):
    budgets = {r.inputs["metadata"]["name"]: r.inputs["spec"] for r in rendered(stack).of_type("PodDisruptionBudget")}
    scaled = {r.inputs["metadata"]["name"] for r in rendered(stack).of_type("HorizontalPodAutoscaler")}
    scaled |= {r.inputs["spec"]["scaleTargetRef"]["name"] for r in rendered(stack).of_type("ScaledObject")}
    for resource in rendered(stack).of_type(":Deployment"):
        name = resource.inputs["metadata"]["name"]
        replicated = resource.inputs["spec"].get("replicas", 1) > 1 or name in scaled
        assert (name in budgets) == replicated, name
        if replicated:
            assert budgets[name]["maxUnavailable"] == 1
            assert budgets[name]["selector"] == resource.inputs["spec"]["selector"]


@every_stack
def test_every_reference_from_a_pod_points_to_something_that_is_declared(stack: str):
    objects = rendered(stack).kubernetes()
    known = {(r.inputs["kind"], r.inputs["metadata"].get("namespace"), r.inputs["metadata"]["name"]) for r in objects}
    certified = [r.inputs for r in objects if r.inputs["kind"] == "Certificate"]
    known |= {("Secret", it["metadata"]["namespace"], it["spec"]["secretName"]) for it in certified}
    made_by_operator = {"kafka-cluster-ca-cert"}
    for resource in workloads(stack):
        pod, namespace = template(resource)["spec"], resource.inputs["metadata"]["namespace"]
        wanted = {("ServiceAccount", namespace, pod["serviceAccountName"])}
        wanted.add(("PriorityClass", None, pod["priorityClassName"]))
        for volume in pod.get("volumes", []):
            if "configMap" in volume:
                wanted.add(("ConfigMap", namespace, volume["configMap"]["name"]))
            if "secret" in volume and volume["secret"]["secretName"] not in made_by_operator:
                wanted.add(("Secret", namespace, volume["secret"]["secretName"]))
        for container in containers(resource):
            for variable in container.get("env", []):
                if "secretKeyRef" in variable.get("valueFrom", {}):
                    wanted.add(("Secret", namespace, variable["valueFrom"]["secretKeyRef"]["name"]))
        assert wanted <= known, resource.urn
