from pathlib import Path
from typing import Any

import pytest

from sandbox.control_plane import lifecycle
from sandbox.control_plane.api_client import ApiError
from sandbox.control_plane.bootstrap import bootstrap
from sandbox.control_plane.nodes import DEFAULT_NODES, HOST_NODE, NodeSize, node_manifests, room_of
from sandbox.paths import SandboxPaths

NODE = f"/api/v1/nodes/{HOST_NODE}"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{HOST_NODE}"
POD = "/api/v1/namespaces/shop/pods/web-1"


class FakeClient:
    """An API server with the default nodes, and what was asked of it."""

    def __init__(self, objects: dict[str, Any]) -> None:
        self.objects = objects
        self.asked: list[tuple[str, str, Any]] = []

    def apply(self, *_: Any, **__: Any) -> None:
        pass

    def get(self, path: str) -> Any:
        if path.startswith("/api/v1/nodes?"):
            return {"items": node_manifests(DEFAULT_NODES)}
        if path.startswith("/api/v1/pods?"):
            assert path.endswith("spec.nodeName%3Dhost")
            return {"items": [self.objects[POD]] if POD in self.objects else []}
        if path not in self.objects:
            raise ApiError("not found", status=404)
        return self.objects[path]

    def request(self, method: str, path: str, body: Any = None, **_: Any) -> Any:
        self.asked.append((method, path, body))
        if method == "DELETE" and self.objects.pop(path, None) is None:
            raise ApiError("not found", status=404)


def hosting() -> FakeClient:
    """One whose agent had a pod when it was killed."""
    room = room_of(DEFAULT_NODES)
    pod = {"metadata": {"namespace": "shop", "name": "web-1", "uid": "u1"}}
    return FakeClient({NODE: {"status": {"capacity": room, "allocatable": room}}, LEASE: {}, POD: pod})


def test_without_an_agent_its_node_goes_with_the_pods_that_nobody_would_end():
    client = hosting()
    bootstrap(client, DEFAULT_NODES)  # type: ignore[arg-type]
    assert client.objects == {}
    assert client.asked[-1] == ("DELETE", POD, {"gracePeriodSeconds": 0, "preconditions": {"uid": "u1"}})
    bootstrap(client, DEFAULT_NODES)  # type: ignore[arg-type]
    assert len(client.asked) == 3, "nothing is there any more"


def test_with_an_agent_its_node_stays_and_has_the_room_of_all_nodes():
    client = hosting()
    wider = (*DEFAULT_NODES, NodeSize(cpu="2", memory="8Gi"))
    bootstrap(client, wider, host=True)  # type: ignore[arg-type]
    room = room_of(wider)
    assert client.objects.keys() == {NODE, LEASE, POD}
    assert ("PATCH", f"{NODE}/status", {"status": {"capacity": room, "allocatable": room}}) in client.asked


def test_a_pod_that_goes_meanwhile_is_none_to_remove_and_a_refusal_is_told(monkeypatch: pytest.MonkeyPatch):
    client = hosting()
    pod = client.objects.pop(POD)
    status = 404

    def get(path: str) -> Any:
        return {"items": [pod]} if path.startswith("/api/v1/pods?") else FakeClient.get(client, path)

    def request(method: str, path: str, *_: Any, **__: Any) -> None:
        if path == POD:
            raise ApiError("refused", status=status)

    monkeypatch.setattr(client, "get", get)
    monkeypatch.setattr(client, "request", request)
    bootstrap(client, DEFAULT_NODES)  # type: ignore[arg-type]
    status = 500
    with pytest.raises(ApiError, match="refused"):
        bootstrap(client, DEFAULT_NODES)  # type: ignore[arg-type]


def test_a_start_forgets_what_an_agent_before_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    paths = SandboxPaths.of("unit", tmp_path)
    paths.host.mkdir(parents=True)
    (paths.host / "pods.json").write_text("{}")
    monkeypatch.setattr(lifecycle, "resolve", lambda *_: {})
    monkeypatch.setattr(lifecycle.subprocess, "Popen", lambda *_, **__: None)
    monkeypatch.setattr(lifecycle, "_launched", {})
    lifecycle._launch(paths, DEFAULT_NODES, "", print)
    assert not (paths.host / "pods.json").exists()
