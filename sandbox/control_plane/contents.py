from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.control_plane.nodes import HOST_LABEL, SIMULATED_LABEL
from sandbox.control_plane.volumes import CLAIM_ANNOTATION, PROVISIONER, PROVISIONER_ANNOTATION

INTERNAL_NAMESPACES = frozenset({"sandbox-validation"})  # where the engine's previews try objects out

# Kinds that follow from others, or come and go by themselves: (group, resource).
_DERIVED = frozenset(
    {
        ("", "events"),
        ("events.k8s.io", "events"),
        ("", "endpoints"),  # of Services
        ("discovery.k8s.io", "endpointslices"),
        ("networking.k8s.io", "ipaddresses"),
        ("coordination.k8s.io", "leases"),
        ("", "componentstatuses"),
    }
)
# What the control plane makes in a new cluster or in each new namespace: (resource, namespace or "*", name).
_OWN = frozenset(
    {
        ("configmaps", "*", "kube-root-ca.crt"),
        ("serviceaccounts", "*", "default"),
        ("configmaps", "kube-system", "extension-apiserver-authentication"),
        ("configmaps", "kube-system", "kube-apiserver-legacy-service-account-token-tracking"),
        ("services", "default", "kubernetes"),
        ("servicecidrs", "", "kubernetes"),
        ("namespaces", "", "default"),
        ("namespaces", "", "kube-system"),
        ("namespaces", "", "kube-public"),
        ("namespaces", "", "kube-node-lease"),
        ("priorityclasses", "", "system-cluster-critical"),
        ("priorityclasses", "", "system-node-critical"),
    }
)
_OWN_LABELS = {
    "kubernetes.io/bootstrapping": "rbac-defaults",
    "kube-aggregator.kubernetes.io/automanaged": None,  # the APIService of a custom resource's group, or of a built-in
    SIMULATED_LABEL: "true",
    HOST_LABEL: "true",
}
_OWN_ANNOTATIONS = ("apf.kubernetes.io/autoupdate-spec",)
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@dataclass(frozen=True)
class Resource:
    """A kind of object that the API server can list."""

    group: str
    version: str
    name: str
    kind: str

    @property
    def path(self) -> str:
        """Where all objects of the kind are listed."""
        prefix = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{prefix}/{self.name}"


def cluster_contents(client: ApiClient) -> list[str]:
    """Every object of the API server that somebody made, one line each, as ``<kind>.<group> [<namespace>/]<name>``.

    Left out is what the control plane makes by itself: what every new cluster and every new namespace has, what is
    derived from Services, events and leases, the simulated nodes and the default storage class. Objects whose names
    are generated are named by their prefix and ``*``, volumes by their claim, so that two runs of one program compare
    equal. An object that is being deleted is still there.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    lines = []
    for resource in listable(client):
        try:
            items = client.request("GET", resource.path, accept=_METADATA)["items"] or []
        except ApiError as error:
            if error.status in (404, 405):  # a custom resource that was removed since the discovery
                continue
            raise
        title = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
        lines += [f"{title} {label(item['metadata'])}" for item in items if not is_own(resource, item["metadata"])]
    return lines


def listable(client: ApiClient) -> Iterator[Resource]:
    """Every kind that can be listed, in its preferred version, without those that are derived from others.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    for root in ("/api", "/apis"):
        for group in client.request("GET", root, accept=_DISCOVERY)["items"]:
            group_name = group["metadata"].get("name", "")
            seen: set[str] = set()
            for version in group["versions"]:
                for entry in version.get("resources", []):
                    name = entry["resource"]
                    if "list" not in entry["verbs"] or name in seen or (group_name, name) in _DERIVED:
                        continue
                    seen.add(name)
                    yield Resource(group_name, version["version"], name, entry["responseKind"]["kind"])


def is_own(resource: Resource, metadata: dict[str, Any]) -> bool:
    """Whether the control plane or the sandbox made an object by itself."""
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    if namespace in INTERNAL_NAMESPACES or (resource.name == "namespaces" and name in INTERNAL_NAMESPACES):
        return True
    if {(resource.name, namespace, name), (resource.name, "*", name)} & _OWN:
        return True
    labels = metadata.get("labels") or {}
    if any(key in labels and value in (None, labels[key]) for key, value in _OWN_LABELS.items()):
        return True
    annotations = metadata.get("annotations") or {}
    if any(key in annotations for key in _OWN_ANNOTATIONS):
        return True
    return resource.name == "storageclasses" and annotations.get(PROVISIONER_ANNOTATION) == PROVISIONER


def label(metadata: dict[str, Any]) -> str:
    """What an object is called in an inventory: its name, without the part that is random."""
    name = metadata["name"]
    claim = (metadata.get("annotations") or {}).get(CLAIM_ANNOTATION)
    if claim:
        name = f"of claim {claim}"
    elif metadata.get("generateName"):
        name = f"{metadata['generateName']}*"
    return f"{metadata['namespace']}/{name}" if metadata.get("namespace") else str(name)
