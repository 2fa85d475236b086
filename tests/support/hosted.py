"""A sandbox whose pods of the image ``test/python`` run as processes, for the tests of that."""

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sandbox.control_plane import Endpoints, NodeSize, destroy, ensure_running
from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.control_plane.lifecycle import admin_client
from tests.support.host_programs import IMAGE
from tests.support.sandbox import sandbox_name

Object = dict[str, Any]
T = TypeVar("T")
NODES = (NodeSize(cpu="8", memory="32Gi", count=3),)
PROBES = {
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 1},
    "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1, "failureThreshold": 2},
}


@dataclass
class Hosted:
    """A running sandbox and one namespace of it."""

    endpoints: Endpoints
    client: ApiClient
    home: Path
    namespace: str = "shop"
    prefix: str = ""

    def create(self, kind: str, manifest: Object) -> Object:
        made: Object = self.client.request("POST", self.path(kind), manifest)
        return made

    def path(self, kind: str, name: str = "") -> str:
        group = {"deployments": "apis/apps/v1", "statefulsets": "apis/apps/v1", "jobs": "apis/batch/v1"}
        below = f"/{name}" if name else ""
        return f"/{group.get(kind, 'api/v1')}/namespaces/{self.namespace}/{kind}{below}"

    def pods(self, app: str) -> list[Object]:
        items: list[Object] = self.client.get(f"{self.path('pods')}?labelSelector=app%3D{app}")["items"]
        return items

    def pod(self, app: str) -> Object:
        """The one pod of an app that is not going."""
        (found,) = [pod for pod in self.pods(app) if "deletionTimestamp" not in pod["metadata"]]
        return found

    def events(self, reason: str) -> list[str]:
        items = self.client.get(f"{self.path('events')}?fieldSelector=reason%3D{reason}")["items"]
        return [item["message"] for item in items]

    def said(self) -> Object:
        """What the agent wrote down."""
        try:
            said: Object = json.loads((self.home / "host" / "pods.json").read_text())
        except FileNotFoundError:
            return {"pods": [], "services": []}
        return said

    def entries(self, app: str) -> list[Object]:
        """What the agent wrote down of an app's containers that run."""
        return [each for each in self.said()["pods"] if each["labels"].get("app") == app and each["pid"]]

    def entry(self, app: str, container: str = "main") -> Object:
        """One of them, as soon as there is one: the agent writes them down some time after the API server knows."""
        running = until(
            lambda: [each for each in self.entries(app) if each["container"] == container],
            f"the agent says that {app} runs",
        )
        return running[0]

    def service_address(self, name: str) -> str:
        found = until(lambda: [each for each in self.said()["services"] if each["name"] == name], f"service {name}")
        return str(found[0]["address"])


@contextmanager
def hosted_sandbox(root: Path) -> Iterator[Hosted]:
    name = sandbox_name()
    try:
        endpoints = ensure_running(name, nodes=NODES, progress=print, root=root, programs="tests.support.host_programs")
        hosted = Hosted(endpoints, admin_client(endpoints), root / ".sandbox" / name)
        hosted.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": hosted.namespace}})
        until(lambda: found(hosted.client, hosted.path("serviceaccounts", "default")), "the namespace's account")
        yield hosted
    finally:
        destroy(name, root=root)


def found(client: ApiClient, path: str) -> Object | None:
    try:
        there: Object = client.get(path)
    except ApiError as error:
        if error.status == 404:
            return None
        raise
    return there


def until(look: Callable[[], T], what: str, *, seconds: float = 60.0) -> T:
    """What a look finds as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (there := look()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return there


def pod_spec(variables: Mapping[str, str] | None = None, *, probes: bool = True, **more: Any) -> Object:
    container = {
        "name": "main",
        "image": IMAGE,
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": name, "value": value} for name, value in (variables or {}).items()],
        **(PROBES if probes else {}),
        **more.pop("container", {}),
    }
    return {"containers": [container], "terminationGracePeriodSeconds": 5, **more}


def workload(name: str, spec: Object, *, replicas: int = 1, **more: Any) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    selector = {"matchLabels": {"app": name}}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": selector, "template": template, **more},
    }


def service(name: str, **more: Any) -> Object:
    ports = [{"name": "http", "port": 8080, "targetPort": "http"}]
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports, **more}}


def get(address: str, path: str = "/", *, port: int = 8080, seconds: float = 5.0) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def processes(home: Path) -> list[str]:
    """Command lines of all processes that name a sandbox's directory or run the tests' program for it."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(home) in line]
