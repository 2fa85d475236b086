"""Velero: its pod, traffic, values and permissions, and what it backs up when.

Objects are backed up to a bucket of their own, volumes as snapshots of the EBS driver (CSI), which the driver takes
under its own role. There is no agent on the nodes, and Velero itself has no permission on disks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from pydantic import Field

from infra.components.foundation import velero_models as cr
from infra.components.foundation.operators_pods import OUTSIDE_MESH, chart_labels
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE
from infra.core.catalog.charts import Footprint
from infra.core.catalog.images import Image
from infra.core.catalog.prices import SNAPSHOT
from infra.core.cost.usage import PLATFORM, Running, Usage
from infra.core.labels import DataClass, Ownership, object_labels
from infra.core.models import Args
from infra.core.names import dns_label
from infra.core.quantity import Compute, format_cpu, format_memory
from infra.core.quota import Share
from infra.core.recovery import Objective, cron
from infra.core.wiring import (
    External,
    Member,
    OutsideEdge,
    Party,
    api_server_egress,
    identity_agent_egress,
    labelled_outside_policy,
)

Manifest = dict[str, Any]
NAME = "velero"
NAMESPACE = OPERATOR_NAMESPACE
"""Beside the other operators: what they restore or make is not judged at admission a second time."""

COMPONENT = "recovery"
LOCATION = "default"
PREFIX = "velero"
SNAPSHOT_CLASS = "recovery"
DRIVER = "ebs.csi.aws.com"
PLUGIN_IMAGE = "velero-plugin-for-aws"
LOSS_ANNOTATION = "platform/loss-hours"
OUTAGE_ANNOTATION = "platform/outage-minutes"
"""Annotations of a schedule with the objectives that it serves, for the restore drill to measure against."""

CLASS_SELECTOR = {"velero.io/csi-volumesnapshot-class": "true"}
"""Label by which Velero finds the snapshot class of a driver (Velero 1.18.1, labels_annotations.go)."""

USER = 65532
"""User of the plugin's image (velero-plugin-for-aws 1.14.3, Dockerfile). Velero writes only to scratch volumes, which
belong to this group, so any user will do for it."""

PLUGIN_SIZE = Compute(50, 64 * 1024**2)
"""What the plugin's container may use: it copies one file and ends."""

SCRATCH = "1Gi"
"""Disk for the plugin and for one backup while it is packed: all objects of the platform are a few MB. A planning
figure; the chart has no value for the size of its scratch volumes."""

PATIENCE = 10
"""Probes that may fail before it is started anew; after five, the chart's own number, it only counts as not ready."""

STOP_SECONDS = 300
"""How long a backup that is under way may take to end; the next one begins anew."""

READ_ONLY = ("get", "list", "watch")
WRITE = ("create", "update", "patch", "delete")
_RBAC = "rbac.authorization.k8s.io"
_ACCOUNT = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
CORE = (
    "configmaps",
    "endpoints",
    "events",
    "limitranges",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
)
"""What it may read of the core group, one by one: "all" would include running commands in pods and asking kubelets."""

GROUPS = (
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "cert-manager.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "elbv2.k8s.aws",
    "eventing.keda.sh",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "kafka.strimzi.io",
    "keda.sh",
    "networking.istio.io",
    "networking.k8s.aws",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "security.istio.io",
    "snapshot.storage.k8s.io",
    "storage.k8s.io",
    "velero.io",
    "vpcresources.k8s.aws",
)
"""Groups of which it may read everything. A backup that meets a kind of another one fails, and says so."""

SNAPSHOT_RESOURCES = ("volumesnapshots", "volumesnapshotcontents")
READER = "platform-recovery-reader"


class RecoveryLocation(Args):
    """Where backups go."""

    bucket: str = Field(min_length=3, max_length=63, description="bucket's name")
    region: str = Field(description="its region")


class BackupSchedule(Args):
    """What is backed up together."""

    name: str = Field(min_length=1, max_length=52, description="schedule's name; Velero adds a time stamp to it")
    ownership: Ownership = Field(description="whose data it is, and of which class")
    namespaces: tuple[str, ...] = Field(min_length=1, description="namespaces that it covers, whole")
    objective: Objective


def party() -> Party:
    """Velero's pod, by the labels that the chart's template gives it."""
    selector = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": NAME}
    return Party(name=NAME, namespace=NAMESPACE, selector=selector)


def member(ownership: Ownership, targets: Sequence[External]) -> Member:
    """Its place in the graph: it talks to the API server and to its bucket, and nobody talks to it.

    Args:
        ownership: whose it is.
        targets: hosts of AWS that its role is about.
    """
    outside = tuple(OutsideEdge(client=party(), target=target) for target in targets)
    return Member(
        party=party(), component=COMPONENT, ownership=ownership, api_server=True, outside=outside, aws_role=True
    )


def share(footprint: Footprint) -> Share:
    """What it takes of its namespace's quota. The chart replaces the pod only after the old one has ended."""
    size = Compute(footprint.cpu, footprint.memory) * footprint.replicas
    return Share(NAME, NAMESPACE, size, size, footprint.replicas)


def running(footprint: Footprint) -> Running:
    """What it is paid for: it never scales."""
    size = Compute(footprint.cpu, footprint.memory) * footprint.replicas
    return Running(NAME, size, size)


def snapshot_usages(volumes_gib: Fraction, daily_gib: Fraction, keep_days: int, *, keep: bool) -> Iterator[Usage]:
    """What snapshots use in a month, at most: each volume once and full, then what changes each day.

    Snapshots of one volume share what has not changed (Amazon EBS User Guide, "Amazon EBS snapshots").

    Args:
        volumes_gib: size of all volumes.
        daily_gib: what changes on them in a day.
        keep_days: how long a snapshot is kept.
        keep: whether they outlive the stack.
    """
    held = volumes_gib + daily_gib * keep_days
    if held:
        yield Usage(COMPONENT, PLATFORM, "snapshots", SNAPSHOT, held, held, held if keep else Fraction(0))


def network(velero: Member) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the policies: to the API server, to the bucket, to the node's agent for its role."""
    labels = object_labels(NAME, COMPONENT, velero.ownership)
    for edge in velero.outside:
        yield labelled_outside_policy(edge, labels)
    for role, manifest in (
        ("egress-api-server", api_server_egress(velero.party)),
        ("egress-identity-agent", identity_agent_egress(velero.party)),
    ):
        manifest["metadata"]["labels"] = dict(labels)
        yield role, manifest


def values(footprint: Footprint, plugin: Image, ownership: Ownership) -> dict[str, Any]:
    """Values of the chart (12.1.0, values.yaml).

    The chart would make it an administrator of the cluster. Instead it may read what it backs up and change nothing but
    its own objects and snapshots. What a restore must change is lent to it for the restore
    (docs/runbooks/restore-a-tenant.md): whoever took it over could otherwise rewrite the cluster.
    """
    labels = chart_labels(NAME, ownership)
    return {
        "upgradeCRDs": False,
        "cleanUpCRDs": False,
        "backupsEnabled": False,
        "snapshotsEnabled": False,
        "deployNodeAgent": False,
        "credentials": {"useSecret": False},
        "rbac": {"create": False, "clusterAdministrator": False},
        "extraObjects": [*_rights(ownership)],
        "serviceAccount": {"server": {"name": NAME, "labels": labels}},
        "labels": labels,
        "podLabels": {**labels, **OUTSIDE_MESH},
        "resources": _resources(Compute(footprint.cpu, footprint.memory)),
        "priorityClassName": "platform-standard",
        "terminationGracePeriodSeconds": STOP_SECONDS,
        "livenessProbe": {"failureThreshold": PATIENCE},
        "podSecurityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containerSecurityContext": _confined(),
        "initContainers": [_plugin(plugin)],
        "configuration": {"features": "EnableCSI", "backupStorageLocation": [], "volumeSnapshotLocation": []},
    }


def location_manifest(location: RecoveryLocation, ownership: Ownership) -> Manifest:
    """The BackupStorageLocation."""
    spec = cr.LocationSpec(
        object_storage=cr.ObjectStorage(bucket=location.bucket, prefix=PREFIX), config={"region": location.region}
    )
    return _resource("BackupStorageLocation", LOCATION, ownership, spec)


def schedule_manifest(schedule: BackupSchedule) -> Manifest:
    """One Schedule, with the objectives that it serves."""
    objective = schedule.objective
    spec = cr.ScheduleSpec(
        schedule=cron(schedule.name, objective),
        template=cr.BackupTemplate(
            included_namespaces=schedule.namespaces, storage_location=LOCATION, ttl=f"{objective.keep_days * 24}h0m0s"
        ),
    )
    manifest = _resource("Schedule", schedule.name, schedule.ownership, spec)
    manifest["metadata"]["annotations"] = {
        LOSS_ANNOTATION: str(objective.loss_hours),
        OUTAGE_ANNOTATION: str(objective.outage_minutes),
    }
    return manifest


def snapshot_class_manifest(ownership: Ownership) -> Manifest:
    """How volumes are copied. A snapshot outlives its object, so that deleting a namespace deletes none."""
    labels = {**object_labels(SNAPSHOT_CLASS, COMPONENT, ownership), **CLASS_SELECTOR}
    return {
        "apiVersion": cr.SNAPSHOT_API_VERSION,
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": SNAPSHOT_CLASS, "labels": labels},
        "driver": DRIVER,
        "deletionPolicy": "Retain",
    }


def schedule_name(data_class: DataClass) -> str:
    """Name of the schedule of the platform's namespaces of one class."""
    return dns_label("platform", data_class)


def _resource(kind: str, name: str, ownership: Ownership, spec: cr.LocationSpec | cr.ScheduleSpec) -> Manifest:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": object_labels(name, COMPONENT, ownership)}
    return {"apiVersion": cr.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec.rendered()}


def _rights(ownership: Ownership) -> Iterator[Manifest]:
    reads = [
        {"apiGroups": [""], "resources": list(CORE), "verbs": list(READ_ONLY)},
        {"apiGroups": list(GROUPS), "resources": ["*"], "verbs": list(READ_ONLY)},
        {"apiGroups": ["snapshot.storage.k8s.io"], "resources": list(SNAPSHOT_RESOURCES), "verbs": list(WRITE)},
    ]
    own = [
        {
            "apiGroups": [cr.API_VERSION.partition("/")[0]],
            "resources": ["*"],
            "verbs": [*READ_ONLY, *WRITE, "deletecollection"],
        },
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
    ]
    yield _right("ClusterRole", READER, ownership, rules=reads)
    yield _right("ClusterRoleBinding", READER, ownership, roleRef=_role("ClusterRole", READER), subjects=[_ACCOUNT])
    yield _right("Role", NAME, ownership, rules=own)
    yield _right("RoleBinding", NAME, ownership, roleRef=_role("Role", NAME), subjects=[_ACCOUNT])


def _right(kind: str, name: str, ownership: Ownership, **fields: Any) -> Manifest:
    metadata: Manifest = {"name": name, "labels": object_labels(name, COMPONENT, ownership)}
    if not kind.startswith("Cluster"):
        metadata["namespace"] = NAMESPACE
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, **fields}


def _role(kind: str, name: str) -> Manifest:
    return {"apiGroup": _RBAC, "kind": kind, "name": name}


def _plugin(image: Image) -> Manifest:
    return {
        "name": PLUGIN_IMAGE,
        "image": image.reference,
        "imagePullPolicy": "IfNotPresent",
        "resources": _resources(PLUGIN_SIZE),
        "securityContext": _confined(),
        "volumeMounts": [{"name": "plugins", "mountPath": "/target"}],
    }


def _confined() -> dict[str, Any]:
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def _resources(size: Compute) -> dict[str, Any]:
    amount = {"cpu": format_cpu(size.cpu), "memory": format_memory(size.memory), "ephemeral-storage": SCRATCH}
    return {"requests": amount, "limits": amount}
