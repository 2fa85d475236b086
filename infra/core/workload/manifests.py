"""Every object of a workload, as plain manifests in the order in which they are declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.core.labels import object_labels, selector_labels
from infra.core.quantity import format_memory
from infra.core.wiring import (
    api_server_egress,
    identity_agent_egress,
    labelled_edge_policies,
    labelled_outside_policy,
)
from infra.core.workload import scaled_object
from infra.core.workload.autoscale import Autoscale
from infra.core.workload.pod import config_map_name, pod_template
from infra.core.workload.spec import WorkloadSpec

Manifest = dict[str, Any]
JOB_HISTORY = 3
REVISIONS = 5
"""Old ReplicaSets that are kept for a rollback."""


def workload_manifests(spec: WorkloadSpec) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of each object but the NetworkPolicies; what others depend on comes first."""
    yield "account", _object(spec, "v1", "ServiceAccount", automountServiceAccountToken=False)
    if spec.config_files:
        files = _object(spec, "v1", "ConfigMap", data=dict(spec.config_files.files))
        files["metadata"]["name"] = config_map_name(spec)
        yield "config", files
    if spec.serves:
        yield "service", _service(spec)
    yield spec.kind, _controller(spec)
    if spec.replicas.minimum > 1:
        selector = {"matchLabels": selector_labels(spec.name)}
        budget = {"maxUnavailable": 1, "selector": selector, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
        yield "budget", _object(spec, "policy/v1", "PodDisruptionBudget", spec=budget)
    if spec.autoscale:
        yield from _event_scaling(spec, spec.autoscale)
    elif spec.autoscaled:
        yield "scaler", _object(spec, "autoscaling/v2", "HorizontalPodAutoscaler", spec=_scaler(spec))


def network_manifests(spec: WorkloadSpec) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the NetworkPolicies.

    Two of each edge inside the cluster, one to each host outside, one to the node's agent with a role on AWS, and one
    to the API server with a token for it.
    """
    labels = object_labels(spec.name, spec.component, spec.ownership)
    for edge in spec.edges():
        yield from labelled_edge_policies(edge, labels)
    for outside in spec.outside():
        yield labelled_outside_policy(outside, labels)
    if spec.aws:
        manifest = identity_agent_egress(spec.party)
        manifest["metadata"]["labels"] = labels
        yield "egress-identity-agent", manifest
    if spec.api_server:
        manifest = api_server_egress(spec.party, spec.api_networks)
        manifest["metadata"]["labels"] = labels
        yield "egress-api-server", manifest


def _object(workload: WorkloadSpec, api_version: str, kind: str, /, **fields: Any) -> Manifest:
    labels = object_labels(workload.name, workload.component, workload.ownership)
    metadata = {"name": workload.name, "namespace": workload.namespace, "labels": labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def _service(spec: WorkloadSpec) -> Manifest:
    ports = [
        {"name": port.name, "port": port.number, "targetPort": port.name, "protocol": "TCP"}
        for port in spec.ports
        if port.name in spec.serves
    ]
    headless = {"clusterIP": "None", "publishNotReadyAddresses": True} if spec.kind == "statefulset" else {}
    service = {"type": "ClusterIP", "selector": selector_labels(spec.name), "ports": ports, **headless}
    return _object(spec, "v1", "Service", spec=service)


def _controller(spec: WorkloadSpec) -> Manifest:
    if spec.kind == "deployment":
        return _object(spec, "apps/v1", "Deployment", spec=_deployment(spec))
    if spec.kind == "statefulset":
        return _object(spec, "apps/v1", "StatefulSet", spec=_stateful_set(spec))
    if spec.kind == "job":
        return _object(spec, "batch/v1", "Job", spec=_job(spec))
    cron = {
        "schedule": spec.schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": JOB_HISTORY,
        "failedJobsHistoryLimit": JOB_HISTORY,
        "jobTemplate": {"spec": _job(spec)},
    }
    return _object(spec, "batch/v1", "CronJob", spec=cron)


def _deployment(spec: WorkloadSpec) -> Manifest:
    return {
        # An autoscaler owns the count; naming it here too would take it back at every update.
        **({} if spec.autoscaled else {"replicas": spec.replicas.maximum}),
        "revisionHistoryLimit": REVISIONS,
        "selector": {"matchLabels": selector_labels(spec.name)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": pod_template(spec),
    }


def _stateful_set(spec: WorkloadSpec) -> Manifest:
    body: Manifest = {
        "replicas": spec.replicas.maximum,
        "serviceName": spec.name,
        "revisionHistoryLimit": REVISIONS,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": selector_labels(spec.name)},
        "template": pod_template(spec),
    }
    if spec.storage:
        claim: Manifest = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": format_memory(spec.storage.size)}},
            "volumeMode": "Filesystem",
        }
        if spec.storage.storage_class:
            claim["storageClassName"] = spec.storage.storage_class
        metadata = {"name": "data", "labels": selector_labels(spec.name)}
        body["volumeClaimTemplates"] = [
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim}
        ]
    return body


def _job(spec: WorkloadSpec) -> Manifest:
    return {
        "backoffLimit": 6,
        "activeDeadlineSeconds": spec.time_limit_seconds,
        "completions": 1,
        "parallelism": 1,
        "template": pod_template(spec),
    }


def _event_scaling(spec: WorkloadSpec, scale: Autoscale) -> Iterator[tuple[str, Manifest]]:
    for name, body in scaled_object.authentications(spec.name, scale):
        authentication = _object(spec, scaled_object.API_VERSION, "TriggerAuthentication", spec=body)
        authentication["metadata"]["name"] = name
        yield f"authentication-{name}", authentication
    least, most = spec.replicas.minimum, spec.replicas.maximum
    body = scaled_object.scaled_object(spec.name, scale, minimum=least, maximum=most)
    scaler = _object(spec, scaled_object.API_VERSION, "ScaledObject", spec=body)
    scaler["metadata"]["annotations"] = scaled_object.scaler_annotations(scaler["metadata"]["labels"])
    yield "scaler", scaler


def _scaler(spec: WorkloadSpec) -> Manifest:
    target = {"type": "Utilization", "averageUtilization": spec.replicas.target_cpu_percent}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": spec.name},
        "minReplicas": spec.replicas.minimum,
        "maxReplicas": spec.replicas.maximum,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
