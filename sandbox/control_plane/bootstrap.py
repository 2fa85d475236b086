import time
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.control_plane.nodes import HOST_NODE, SIMULATED_LABEL, NodeSize, node_manifests, room_of
from sandbox.control_plane.volumes import storage_class

MANAGER = "sandbox"
_MERGE = "application/merge-patch+json"


def bootstrap(client: ApiClient, nodes: Sequence[NodeSize], *, host: bool = False) -> None:
    """Register the simulated nodes and the default storage class; may be repeated at any time.

    Args:
        client: An administrator.
        nodes: The nodes to have; other simulated nodes are removed.
        host: Whether pods run as processes. If not, the node that ran them is removed: nobody would start or end a
            pod of it.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    manifest = storage_class()
    client.apply(f"/apis/storage.k8s.io/v1/storageclasses/{manifest['metadata']['name']}", manifest, manager=MANAGER)
    wanted = {node["metadata"]["name"]: node for node in node_manifests(nodes)}
    present = {node["metadata"]["name"]: node for node in simulated_nodes(client)}
    for name, node in wanted.items():
        if name not in present:
            client.request("POST", "/api/v1/nodes", node)
        elif not _same(present[name], node):
            _resize(client, name, node)
    for name in present.keys() - wanted.keys():
        client.request("DELETE", f"/api/v1/nodes/{name}")
    if host:
        _resize_host(client, room_of(nodes))
    else:
        _remove_host(client)


def _resize_host(client: ApiClient, room: dict[str, str]) -> None:
    """Give the node that runs pods the room of all simulated ones; its agent registers it when it is not there yet."""
    if _find(client, f"/api/v1/nodes/{HOST_NODE}") is not None:
        status = {"status": {"capacity": room, "allocatable": room}}
        client.request("PATCH", f"/api/v1/nodes/{HOST_NODE}/status", status, content_type=_MERGE)


def _remove_host(client: ApiClient) -> None:
    """Remove the node of an agent that is not started any more, and its pods, which have ended with it."""
    lease = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{HOST_NODE}"
    for path in (f"/api/v1/nodes/{HOST_NODE}", lease):
        if _find(client, path) is not None:
            client.request("DELETE", path)
    for pod in client.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{HOST_NODE}")["items"]:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        try:
            client.request("DELETE", path, {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}})
        except ApiError as error:
            if error.status not in (404, 409):  # it is gone, or another has its name
                raise


def _find(client: ApiClient, path: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.get(path)
    except ApiError as error:
        if error.status == 404:
            return None
        raise
    return found


def simulated_nodes(client: ApiClient) -> list[dict[str, Any]]:
    """The simulated nodes that are registered."""
    items: list[dict[str, Any]] = client.get(f"/api/v1/nodes?labelSelector={SIMULATED_LABEL}%3Dtrue")["items"]
    return items


def missing(client: ApiClient, nodes: Iterable[NodeSize], *, host: bool = False) -> str:
    """What is not ready yet, in words; empty when all is.

    Args:
        client: An administrator.
        nodes: The simulated nodes to have.
        host: Whether there is to be a node that really runs pods, too.

    Raises:
        ApiError: The API server refused or did not answer.
    """
    try:
        client.get("/api/v1/namespaces/default/serviceaccounts/default")
    except ApiError as error:
        if error.status != 404:
            raise
        return "the default namespace has no service account yet"
    wanted = len(node_manifests(nodes))
    ready = sum(1 for node in simulated_nodes(client) if _is_ready(node))
    if ready != wanted:
        return f"{ready} of {wanted} nodes are ready"
    return "the node that runs pods is not ready" if host and not _host_is_ready(client) else ""


def _host_is_ready(client: ApiClient) -> bool:
    try:
        return _is_ready(client.get(f"/api/v1/nodes/{HOST_NODE}"))
    except ApiError as error:
        if error.status != 404:
            raise
        return False


def wait_until_ready(client: ApiClient, nodes: tuple[NodeSize, ...], *, seconds: float) -> None:
    """Wait until nothing is missing.

    Raises:
        ApiError: Something is still missing after that many seconds.
    """
    end = time.monotonic() + seconds
    while lacking := missing(client, nodes):
        if time.monotonic() > end:
            raise ApiError(
                f"The sandbox is not ready after {seconds:.0f} s: {lacking}",
                status=0,
                fix="look at the logs of kube-controller-manager and kwok",
            )
        time.sleep(0.05)


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions") or []
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    taints = node["spec"].get("taints") or []
    return ready and not any(taint["key"].startswith("node.kubernetes.io/") for taint in taints)


def _same(present: dict[str, Any], wanted: dict[str, Any]) -> bool:
    labels = present["metadata"].get("labels", {})
    if any(labels.get(key) != value for key, value in wanted["metadata"]["labels"].items()):
        return False
    return bool(present["status"].get("capacity") == wanted["status"]["capacity"])


def _resize(client: ApiClient, name: str, node: dict[str, Any]) -> None:
    path = f"/api/v1/nodes/{name}"
    client.request("PATCH", path, {"metadata": {"labels": node["metadata"]["labels"]}}, content_type=_MERGE)
    client.request("PATCH", f"{path}/status", {"status": node["status"]}, content_type=_MERGE)
