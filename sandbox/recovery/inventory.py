"""Everything that a tenant has in a cluster, so exactly that two inventories show whether a restore was whole."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.control_plane.contents import Resource, is_own, listable

TENANT_LABEL = "platform/tenant"
_VELERO_GROUP = "velero.io"
_NEW_EACH_TIME = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
_VELERO_LABELS = ("velero.io/backup-name", "velero.io/restore-name")
_ASSIGNED: Mapping[str, tuple[str, ...]] = {
    "Service": ("clusterIP", "clusterIPs", "healthCheckNodePort"),
    "PersistentVolumeClaim": ("volumeName",),
}
"""Fields of a spec that the cluster chooses; a restored object gets others."""

_BINDING = ("pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller")
_DIGESTED = ("data", "binaryData", "stringData")


@dataclass(frozen=True)
class TenantInventory:
    """What a tenant has.

    Attributes:
        objects: Each object that somebody declared, as ``<kind>.<group> [<namespace>/]<name>``, and its content: spec,
            labels, annotations and whatever else it says, values of Secrets and ConfigMaps as digests.
        derived: What controllers made of these objects, and how many of each: their names are random.
    """

    objects: dict[str, Any] = field(default_factory=dict)
    derived: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {"objects": self.objects, "derived": self.derived}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TenantInventory:
        """Read the JSON form.

        Raises:
            KeyError: A part is missing.
        """
        return cls(dict(data["objects"]), dict(data["derived"]))


@dataclass(frozen=True)
class Found:
    """One object of a tenant, and where it is."""

    resource: Resource
    manifest: dict[str, Any]

    @property
    def namespace(self) -> str:
        """Its namespace; empty for an object of the whole cluster."""
        return str(self.manifest["metadata"].get("namespace", ""))

    @property
    def path(self) -> str:
        """Where the API server has it."""
        name = self.manifest["metadata"]["name"]
        base, _, plural = self.resource.path.rpartition("/")
        return f"{base}/namespaces/{self.namespace}/{plural}/{name}" if self.namespace else f"{base}/{plural}/{name}"


def tenant_namespaces(client: ApiClient, tenant: str) -> list[str]:
    """The namespaces that carry a tenant's label.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    items = client.get("/api/v1/namespaces")["items"]
    return sorted(item["metadata"]["name"] for item in items if _labels(item).get(TENANT_LABEL) == tenant)


def tenants(client: ApiClient) -> list[str]:
    """Every tenant that has a namespace, without the platform itself.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    found = {_labels(item).get(TENANT_LABEL, "") for item in client.get("/api/v1/namespaces")["items"]}
    return sorted(found - {"", "platform"})


def find(client: ApiClient, tenant: str, namespaces: Iterable[str]) -> list[Found]:
    """Every object in the tenant's namespaces, and every other one that carries its label.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    homes = frozenset(namespaces)
    found: list[Found] = []
    for resource in listable(client):
        if resource.group == _VELERO_GROUP:
            continue
        try:
            items = client.get(resource.path)["items"] or []
        except ApiError as error:
            if error.status in (404, 405):  # a custom resource that was removed since the discovery
                continue
            raise
        for item in items:
            mine = item["metadata"].get("namespace") in homes or _labels(item).get(TENANT_LABEL) == tenant
            if mine and not is_own(resource, item["metadata"]):
                found.append(Found(resource, item))
    return found


def inventory(found: Iterable[Found]) -> TenantInventory:
    """The inventory of what was found; an object that is being deleted counts as gone."""
    objects: dict[str, Any] = {}
    derived: Counter[str] = Counter()
    for each in found:
        metadata = each.manifest["metadata"]
        title = f"{each.resource.kind}.{each.resource.group}" if each.resource.group else each.resource.kind
        owner = _controller(metadata)
        if metadata.get("deletionTimestamp"):
            continue
        if owner is None:
            place = f"{each.namespace}/{metadata['name']}" if each.namespace else metadata["name"]
            objects[f"{title} {place}"] = content(each.resource.kind, each.manifest)
        else:
            derived[f"{title} of {owner} in {each.namespace}"] += 1
    return TenantInventory(objects, dict(sorted(derived.items())))


def content(kind: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What an object says, without what is new each time it is made, and without its status."""
    kept = {key: value for key, value in manifest.items() if key not in ("status", "apiVersion", "kind")}
    kept["metadata"] = _metadata(manifest["metadata"])
    if isinstance(kept.get("spec"), dict):
        kept["spec"] = {key: value for key, value in kept["spec"].items() if key not in _ASSIGNED.get(kind, ())}
        if kind == "Service":
            kept["spec"]["ports"] = [_port(port) for port in kept["spec"].get("ports") or []]
        if kind == "Namespace":
            kept.pop("spec")  # its finalizers, which the API server sets
    if kind in ("Secret", "ConfigMap"):
        for key in _DIGESTED:
            if key in kept:
                kept[key] = {name: _digest(value) for name, value in (kept[key] or {}).items()}
    return kept


def differences(before: TenantInventory, after: TenantInventory) -> list[str]:
    """What differs, one line each: ``-`` is missing, ``+`` is new, ``~`` is changed, with the fields that are."""
    lines = []
    for name in sorted(before.objects.keys() | after.objects.keys()):
        old, new = before.objects.get(name), after.objects.get(name)
        if new is None:
            lines.append(f"- {name}")
        elif old is None:
            lines.append(f"+ {name}")
        elif old != new:
            lines.append(f"~ {name}: {', '.join(_paths(old, new))}")
    for name in sorted(before.derived.keys() | after.derived.keys()):
        change = after.derived.get(name, 0) - before.derived.get(name, 0)
        if change:
            lines.append(f"{'+' if change > 0 else '-'} {abs(change)} {name}")
    return lines


def _labels(item: Mapping[str, Any]) -> Mapping[str, str]:
    return item["metadata"].get("labels") or {}


def _controller(metadata: Mapping[str, Any]) -> str | None:
    for owner in metadata.get("ownerReferences") or []:
        if owner.get("controller"):
            return f"{owner['kind']} {owner['name']}" if owner["kind"] != "ReplicaSet" else "a ReplicaSet"
    return None


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in metadata.items() if key not in _NEW_EACH_TIME}
    for key, dropped in (("labels", _VELERO_LABELS), ("annotations", _BINDING)):
        values = {name: value for name, value in (kept.pop(key, None) or {}).items() if name not in dropped}
        if values:
            kept[key] = values
    if "ownerReferences" in kept:
        kept["ownerReferences"] = [
            {key: value for key, value in owner.items() if key != "uid"} for owner in kept["ownerReferences"]
        ]
    return kept


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in port.items() if key != "nodePort"}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _paths(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Where two values differ; the values themselves are not shown, since one may be somebody's secret."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            where = f"{path}.{key}" if path else str(key)
            if key not in old or key not in new:
                yield where
            else:
                yield from _paths(old[key], new[key], where)
    elif old != new:
        yield path
