"""Which changes cannot be made in place, kind by kind."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.engine.diff import Change, covered
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.providers.kubernetes.quantity import parse_quantity
from sandbox.engine.values import PropertyMap, get_path

ALWAYS = ("apiVersion", "kind", "metadata.name", "metadata.namespace")

_CONTAINER = (
    "args",
    "command",
    "env",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
)
_POD = (
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostname",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "volumes",
)
_VOLUME_SOURCES = (
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
)

PULUMI: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "PersistentVolume"): tuple(f"spec.{source}" for source in _VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    ("", "Pod"): (
        *(f"spec.{field}" for field in _POD),
        *(f"spec.{group}[*].{field}" for group in ("containers", "initContainers") for field in _CONTAINER),
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}
"""What pulumi-kubernetes replaces (`forceNew` in its provider/pkg/provider/diff.go)."""

SERVER: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "PersistentVolume"): ("spec.volumeMode",),
    ("", "PersistentVolumeClaim"): ("spec.dataSource", "spec.dataSourceRef", "spec.volumeMode"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        "spec.group",
        "spec.names.kind",
        "spec.names.plural",
        "spec.scope",
    ),
    ("apps", "ReplicaSet"): ("spec.selector",),
    ("batch", "Job"): (
        "spec.backoffLimitPerIndex",
        "spec.completionMode",
        "spec.managedBy",
        "spec.podFailurePolicy",
        "spec.successPolicy",
    ),
    ("discovery.k8s.io", "EndpointSlice"): ("addressType",),
    ("networking.k8s.io", "IngressClass"): ("spec.controller",),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    ("scheduling.k8s.io", "PriorityClass"): ("preemptionPolicy", "value"),
    ("storage.k8s.io", "StorageClass"): ("reclaimPolicy", "volumeBindingMode"),
    ("storage.k8s.io", "VolumeAttributesClass"): ("driverName", "parameters"),
}
"""What the API server refuses to change and pulumi-kubernetes does not know, so that an update would fail there
(the `Validate<Kind>Update` functions below pkg/apis of k8s.io/kubernetes 1.34)."""

_STATEFUL_SET_MUTABLE = frozenset(
    {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    }
)
"""The only fields of a StatefulSet's spec that the API server lets change (ValidateStatefulSetUpdate)."""


def replaced_by(
    kind: Kind,
    changes: Sequence[Change],
    old_inputs: PropertyMap,
    *,
    config_map_mutable: bool = False,
    secret_mutable: bool = False,
) -> set[str]:
    """Return the paths of those changes that need the object deleted and created anew.

    Args:
        kind: what the object is.
        changes: the differences of the inputs.
        old_inputs: the inputs before.
        config_map_mutable: the data of ConfigMaps may change in place.
        secret_mutable: the data of Secrets may change in place.
    """
    key = (kind.group, kind.kind)
    patterns = [*ALWAYS, *PULUMI.get(key, ()), *SERVER.get(key, ())]
    frozen = old_inputs.get("immutable") is True
    if key == ("", "ConfigMap") and (frozen or not config_map_mutable):
        patterns += ["binaryData", "data"]
    if key == ("", "Secret") and (frozen or not secret_mutable):
        patterns += ["data", "stringData"]
    if frozen and key in {("", "ConfigMap"), ("", "Secret")}:
        patterns.append("immutable")
    found = {change.text for change in changes if covered(patterns, change.path)}
    if key == ("apps", "StatefulSet"):
        found |= {change.text for change in changes if _fixed_in_stateful_set(change)}
    if key == ("", "PersistentVolumeClaim"):
        found |= {change.text for change in changes if _shrinks(change, old_inputs)}
    return found


def _fixed_in_stateful_set(change: Change) -> bool:
    path = change.path
    return len(path) > 1 and path[0] == "spec" and path[1] not in _STATEFUL_SET_MUTABLE


def _shrinks(change: Change, old_inputs: PropertyMap) -> bool:
    storage = ("spec", "resources", "requests", "storage")
    if change.path != storage:
        return False
    old, new = parse_quantity(get_path(old_inputs, storage)), parse_quantity(change.new)
    return old is not None and new is not None and new < old
