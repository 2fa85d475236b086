"""Asks a real API server what it thinks of an object, and makes objects that it can take out of rules' examples."""

from __future__ import annotations

import copy
import http.client
import json
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from policies.cel.kinds import KINDS, POD_KINDS, AdmittedKind
from policies.model import Resource
from policies.pods import pods_of
from sandbox.control_plane import Endpoints

DEFINITIONS = Path(__file__).parents[2] / "infra" / "catalog" / "crds"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
BY_TOKEN = {kind.token: kind for kind in KINDS if "/" not in kind.resources[0]}
_NEEDS_SELECTOR = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}
_SELECTED_BY = {"test": "admission"}


@dataclass(frozen=True)
class Answer:
    """What the API server answered."""

    status: int
    body: dict[str, Any]
    warnings: list[str]

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


class Server:
    """One connection to the API server that keeps the warnings of its answers."""

    def __init__(self, endpoints: Endpoints) -> None:
        address = urlsplit(endpoints.api_url)
        tls = ssl.create_default_context(cafile=str(endpoints.ca_path))
        tls.load_cert_chain(str(endpoints.client_cert_path), str(endpoints.client_key_path))
        assert address.hostname
        self._connection = http.client.HTTPSConnection(address.hostname, address.port, context=tls, timeout=20)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: str = "application/json",
        user: str = "",
        groups: Sequence[str] = (),
    ) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        self._connection.putrequest(method, path)
        self._connection.putheader("Content-Type", content)
        self._connection.putheader("Content-Length", str(len(data)))
        for name, value in [("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups)]:
            if value:
                self._connection.putheader(name, value)
        self._connection.endheaders(data)
        response = self._connection.getresponse()
        text = response.read()
        spoken = response.headers.get_content_type() == "application/json"
        answer = json.loads(text) if spoken else {"message": text.decode()}
        return Answer(response.status, answer, response.headers.get_all("Warning") or [])

    def create(
        self, manifest: dict[str, Any], *, dry_run: bool = False, user: str = "", groups: Sequence[str] = ()
    ) -> Answer:
        path = collection(manifest) + ("?dryRun=All" if dry_run else "")
        return self.ask("POST", path, manifest, user=user, groups=groups)


def collection(manifest: dict[str, Any]) -> str:
    """The path of the collection that an object belongs to."""
    group = manifest["apiVersion"]
    api = f"/apis/{group}" if "/" in group else f"/api/{group}"
    namespace = manifest["metadata"].get("namespace")
    plurals = {kind.kind: kind.resources[0] for kind in BY_TOKEN.values()}
    plural = (
        plurals.get(manifest["kind"])
        or {
            "CustomResourceDefinition": "customresourcedefinitions",
            "Namespace": "namespaces",
            "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
            "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
        }[manifest["kind"]]
    )
    return f"{api}/namespaces/{namespace}/{plural}" if namespace else f"{api}/{plural}"


def custom_kinds() -> list[dict[str, Any]]:
    """The definitions, as the program installs them, of the custom kinds that are judged at admission."""
    judged = {(kind.group, kind.kind) for kind in KINDS if "." in kind.group and not kind.group.endswith(".k8s.io")}
    found = [json.loads(path.read_text("utf-8")) for path in sorted(DEFINITIONS.glob("*/*.json"))]
    chosen = [it for it in found if (it["spec"]["group"], it["spec"]["names"]["kind"]) in judged]
    assert len(chosen) == len(judged)
    return chosen


def in_every_kind(resource: Resource) -> Iterator[dict[str, Any]]:
    """The pods of a resource, each in every kind that carries pods, with what the API server insists on."""
    labels = resource.props.get("metadata", {}).get("labels", {})
    for pod in pods_of(resource):
        template = pod.node.value()
        if not isinstance(template["spec"], dict):
            continue  # no kind takes such a pod
        for kind in POD_KINDS:
            if "/" not in kind.resources[0]:
                yield _carrier(kind, copy.deepcopy(template), labels)


def as_it_is(resource: Resource, namespace: str) -> dict[str, Any] | None:
    """The object itself in a namespace, with what the API server insists on, if its kind is judged at admission."""
    if resource.type not in BY_TOKEN:
        return None
    manifest = copy.deepcopy(resource.props)
    if not isinstance(manifest.get("metadata"), dict):
        manifest["metadata"] = {}
    manifest["metadata"].update(name="example", namespace=namespace)
    spec = manifest.get("spec")
    if isinstance(spec, dict):
        if manifest["kind"] == "Service":
            spec.setdefault("ports", [{"port": 80}])
        place = spec.get("jobTemplate", {}).get("spec", {}) if manifest["kind"] == "CronJob" else spec
        _complete_controller(manifest["kind"], spec, place)
    return manifest


def _complete_controller(kind: str, spec: dict[str, Any], place: dict[str, Any]) -> None:
    if kind not in {it.kind for it in POD_KINDS} - {"Pod", "PodTemplate"}:
        return
    template = place.setdefault("template", {})
    if kind in _NEEDS_SELECTOR:
        _select(spec, template)
    if isinstance(template.setdefault("spec", {}), dict):
        _complete(template["spec"], finite=kind in {"Job", "CronJob"}, free=False)
    if kind == "StatefulSet":
        spec.setdefault("serviceName", "example")
    if kind == "CronJob":
        spec.setdefault("schedule", "0 3 * * *")


def _select(spec: dict[str, Any], template: dict[str, Any]) -> None:
    metadata = template.setdefault("metadata", {})
    if isinstance(metadata, dict):
        metadata["labels"] = {**(metadata.get("labels") or {}), **_SELECTED_BY}
        spec["selector"] = {"matchLabels": _SELECTED_BY}


def accounts_of(manifests: Iterable[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    """The service accounts that pods run under; a pod of an account that is not there is refused before all else."""
    pods = (manifest["spec"] for manifest in manifests if manifest["kind"] == "Pod")
    names = {spec.get("serviceAccountName") or spec.get("serviceAccount") or "default" for spec in pods}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
        for name in sorted(names - {"default"})
    ]


def _carrier(kind: AdmittedKind, template: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    template = {key: value for key, value in template.items() if key in {"metadata", "spec"}}
    metadata = template.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    template["metadata"] = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    _complete(template["spec"], finite=kind.kind in {"Job", "CronJob"}, free=kind.kind in {"Pod", "PodTemplate"})
    whole: dict[str, Any] = {
        "apiVersion": f"{kind.group}/{kind.version}" if kind.group else kind.version,
        "kind": kind.kind,
        "metadata": {"name": "example", "labels": dict(labels)},
    }
    if kind.kind == "Pod":
        return {**whole, "metadata": {**template["metadata"], "name": "example"}, "spec": template["spec"]}
    if kind.kind == "PodTemplate":
        return {**whole, "template": template}
    if kind.kind == "CronJob":
        return {**whole, "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}}
    whole["spec"] = {"template": template}
    if kind.kind in _NEEDS_SELECTOR | {"ReplicationController"}:
        template["metadata"]["labels"] = {**template["metadata"].get("labels", {}), **_SELECTED_BY}
        whole["spec"]["selector"] = {"matchLabels": _SELECTED_BY} if kind.kind in _NEEDS_SELECTOR else _SELECTED_BY
    if kind.kind == "StatefulSet":
        whole["spec"]["serviceName"] = "example"
    return whole


def _complete(spec: dict[str, Any], *, finite: bool, free: bool) -> None:
    if finite and spec.get("restartPolicy") not in {"Never", "OnFailure"}:
        spec["restartPolicy"] = "Never"
    elif not finite and not free:
        spec["restartPolicy"] = "Always"
    # They can be added to a pod that runs, but not created with one.
    spec.pop("ephemeralContainers", None)
    for key in ("containers", "initContainers"):
        for number, container in enumerate(spec.get(key) or ()):
            if isinstance(container, dict):
                container.setdefault("name", f"{key.lower()}-{number}")
    if not spec.get("containers"):
        spec["containers"] = [{"name": "main", "image": "registry.example/main:1.0.0"}]
