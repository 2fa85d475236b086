"""The pod template of a workload: restricted, probed, spread, with nothing left to a default that could be unsafe."""

from __future__ import annotations

from typing import Any

from infra.core.labels import object_labels, selector_labels
from infra.core.names import short_hash
from infra.core.quantity import format_cpu, format_memory
from infra.core.workload.spec import AccountToken, Probe, WorkloadSpec

Manifest = dict[str, Any]
TOKEN_FILE = "token"  # noqa: S105 - the name of a file
TOKEN_SECONDS = 3600
"""Life of a ServiceAccount's token; the kubelet renews it when a fifth is left (Kubernetes, Configure Service Accounts
for Pods, ServiceAccount token volume projection)."""

API_AUTHORITY, API_AUTHORITY_FILE = "kube-root-ca.crt", "ca.crt"
"""ConfigMap that Kubernetes puts into every namespace, with what signed the API server's certificate, and its key."""

ZONE_KEY = "topology.kubernetes.io/zone"
HOST_KEY = "kubernetes.io/hostname"
CONFIG_HASH = "platform/config-hash"
"""Annotation that changes with the configuration files, so that a change of them is a rollout."""

LOGS = 64 * 1024**2
"""Room on the node's disk for a container's output, bytes: the kubelet keeps five files of 10 MiB (its
configuration's containerLogMaxFiles and containerLogMaxSize, by default) and turns one when it sees that it is full."""


def pod_template(spec: WorkloadSpec) -> Manifest:
    """The template, for any kind of workload."""
    annotations = {**spec.pod_annotations, **({CONFIG_HASH: _config_hash(spec)} if spec.config_files else {})}
    return {
        "metadata": {
            "labels": object_labels(spec.name, spec.component, spec.ownership),
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": {
            "serviceAccountName": spec.name,
            "priorityClassName": spec.priority,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": "Always" if spec.probes else "OnFailure",
            "terminationGracePeriodSeconds": spec.grace_seconds,
            "securityContext": _pod_security(spec),
            "containers": [_container(spec)],
            **_spread(spec),
            **({"volumes": volumes} if (volumes := _volumes(spec)) else {}),
        },
    }


def config_map_name(spec: WorkloadSpec) -> str:
    """Name of the ConfigMap with the workload's files."""
    return f"{spec.name}-config"


def _config_hash(spec: WorkloadSpec) -> str:
    files = spec.config_files.files if spec.config_files else {}
    return short_hash("\0".join(f"{name}\0{text}" for name, text in sorted(files.items())), length=16)


def _pod_security(spec: WorkloadSpec) -> Manifest:
    return {
        "runAsNonRoot": True,
        "runAsUser": spec.image.user,
        "runAsGroup": spec.image.group,
        "fsGroup": spec.image.group,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _container(spec: WorkloadSpec) -> Manifest:
    requests, limits = spec.resources.requests, spec.resources.limits
    container: Manifest = {
        "name": spec.name,
        "image": spec.image.reference,
        "imagePullPolicy": "IfNotPresent",
        "resources": {
            "requests": {"cpu": format_cpu(requests.cpu), "memory": format_memory(requests.memory), **_disk(spec)},
            "limits": {"cpu": format_cpu(limits.cpu), "memory": format_memory(limits.memory), **_disk(spec)},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    optional: Manifest = {
        "command": list(spec.command),
        "args": list(spec.arguments),
        "ports": [{"name": p.name, "containerPort": p.number, "protocol": "TCP"} for p in spec.ports],
        "env": _environment(spec),
        "volumeMounts": _mounts(spec),
    }
    container.update({key: value for key, value in optional.items() if value})
    if spec.probes:
        container["livenessProbe"] = _probe(spec.probes.liveness)
        container["readinessProbe"] = _probe(spec.probes.readiness)
        if spec.probes.startup:
            container["startupProbe"] = _probe(spec.probes.startup)
    return container


def _disk(spec: WorkloadSpec) -> dict[str, str]:
    return {"ephemeral-storage": format_memory(LOGS + sum(scratch.size for scratch in spec.scratch))}


def _probe(probe: Probe) -> Manifest:
    how: Manifest = (
        {"httpGet": {"path": probe.path, "port": probe.port, "scheme": "HTTP"}}
        if probe.path
        else {"tcpSocket": {"port": probe.port}}
    )
    return {
        **how,
        "periodSeconds": probe.period_seconds,
        "timeoutSeconds": 5,
        "failureThreshold": probe.failure_threshold,
    }


def _environment(spec: WorkloadSpec) -> list[Manifest]:
    plain: list[Manifest] = [{"name": name, "value": value} for name, value in sorted(spec.environment.items())]
    own = [
        {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
        for name, path in ((spec.pod_ip_variable, "status.podIP"), (spec.pod_name_variable, "metadata.name"))
        if name
    ]
    secret = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": ref.secret, "key": ref.key}}}
        for name, ref in sorted(spec.secret_environment.items())
    ]
    return [*plain, *own, *secret]


def _mounts(spec: WorkloadSpec) -> list[Manifest]:
    mounts: list[Manifest] = []
    if spec.config_files:
        mounts.append({"name": "config", "mountPath": spec.config_files.mount_path, "readOnly": True})
    mounts += [
        {"name": f"shared-{index}", "mountPath": files.mount_path, "readOnly": True}
        for index, files in enumerate(spec.shared_files)
    ]
    mounts += [
        {"name": f"secret-{index}", "mountPath": files.mount_path, "readOnly": True}
        for index, files in enumerate(spec.secret_files)
    ]
    mounts += [
        {"name": f"token-{index}", "mountPath": token.mount_path, "readOnly": True}
        for index, token in enumerate(spec.tokens)
    ]
    mounts += [{"name": f"scratch-{index}", "mountPath": s.mount_path} for index, s in enumerate(spec.scratch)]
    if spec.storage:
        mounts.append({"name": "data", "mountPath": spec.storage.mount_path})
    return mounts


def _volumes(spec: WorkloadSpec) -> list[Manifest]:
    volumes: list[Manifest] = []
    if spec.config_files:
        volumes.append({"name": "config", "configMap": {"name": config_map_name(spec), "defaultMode": 0o444}})
    volumes += [
        {"name": f"shared-{index}", "configMap": {"name": files.config_map, "defaultMode": 0o444}}
        for index, files in enumerate(spec.shared_files)
    ]
    volumes += [
        {"name": f"secret-{index}", "secret": {"secretName": files.secret, "defaultMode": 0o440}}
        for index, files in enumerate(spec.secret_files)
    ]
    volumes += [
        {"name": f"token-{index}", "projected": {"defaultMode": 0o440, "sources": _token_sources(token)}}
        for index, token in enumerate(spec.tokens)
    ]
    volumes += [
        {"name": f"scratch-{index}", "emptyDir": {"sizeLimit": format_memory(scratch.size)}}
        for index, scratch in enumerate(spec.scratch)
    ]
    return volumes


def _token_sources(token: AccountToken) -> list[Manifest]:
    issued: Manifest = {"path": TOKEN_FILE, "expirationSeconds": TOKEN_SECONDS}
    if token.audience is not None:
        return [{"serviceAccountToken": {**issued, "audience": token.audience}}]
    items = [{"key": API_AUTHORITY_FILE, "path": API_AUTHORITY_FILE}]
    return [{"serviceAccountToken": issued}, {"configMap": {"name": API_AUTHORITY, "items": items}}]


def _spread(spec: WorkloadSpec) -> Manifest:
    if spec.replicas.maximum == 1:
        return {}
    zone_rule = "DoNotSchedule" if spec.zones > 1 else "ScheduleAnyway"
    return {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": rule,
                "labelSelector": {"matchLabels": selector_labels(spec.name)},
            }
            for key, rule in ((ZONE_KEY, zone_rule), (HOST_KEY, "ScheduleAnyway"))
        ]
    }
