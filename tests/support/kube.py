from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from sandbox.engine.diff import diff
from sandbox.engine.provider import Created, Live, Operation, Preview, Target
from sandbox.engine.providers.kubernetes import KubernetesProvider
from sandbox.engine.providers.kubernetes.client import JSON_PATCH, Call

PLURALS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "Service": "/api/v1/namespaces/{}/services",
    "Pod": "/api/v1/namespaces/{}/pods",
}


class Kube:
    """The provider under test with short calls, and a hand that changes objects behind its back."""

    def __init__(self, provider: KubernetesProvider) -> None:
        self.provider = provider
        self.reports: list[str] = []

    def target(self, inputs: dict[str, Any]) -> Target:
        group, _, version = inputs["apiVersion"].rpartition("/")
        type = f"kubernetes:{group or 'core'}/{version}:{inputs['kind']}"
        name = inputs["metadata"]["name"] if isinstance(inputs["metadata"]["name"], str) else "unnamed"
        return Target(f"urn:pulumi:local::platform::{type}::{name}", type, name)

    def operation(self, **options: Any) -> Operation:
        return Operation(nonce="nonce", report=self.reports.append, **options)

    def create(self, inputs: dict[str, Any], **options: Any) -> Created:
        return self.provider.create(self.target(inputs), inputs, self.operation(**options))

    def update(self, old: dict[str, Any], new: dict[str, Any], **options: Any) -> dict[str, Any]:
        return self.provider.update(self.target(new), self.id(new), {}, old, new, self.operation(**options))

    def delete(self, inputs: dict[str, Any], **options: Any) -> None:
        self.provider.delete(self.target(inputs), self.id(inputs), inputs, {}, self.operation(**options))

    def read(self, inputs: dict[str, Any]) -> Live | None:
        return self.provider.read(self.target(inputs), self.id(inputs), inputs, {})

    def preview(self, inputs: dict[str, Any], *, replaced: bool = False) -> Preview:
        return self.provider.preview_create(replace(self.target(inputs), replaced=replaced), inputs)

    def preview_update(self, old: dict[str, Any], new: dict[str, Any]) -> Preview:
        return self.provider.preview_update(self.target(new), self.id(new), {}, old, new)

    def replaces(self, old: dict[str, Any], new: dict[str, Any]) -> set[str]:
        return self.provider.replaces(self.target(new), diff(old, new), old, new)

    def id(self, inputs: dict[str, Any]) -> str:
        metadata = inputs["metadata"]
        return f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else metadata["name"]

    def api(self, method: str, path: str, body: Any = None, content: str = "application/json", **params: str) -> Any:
        payload = None if body is None else json.dumps(body).encode()
        call = Call(method, path, f"{method} {path}", tuple(params.items()), payload, content)
        return self.provider._client.run(self.provider._client.request(call))

    def by_hand(self, inputs: dict[str, Any], patch: Any) -> None:
        """Change an object as kubectl edit does: a patch under another field manager."""
        content = JSON_PATCH if isinstance(patch, list) else "application/strategic-merge-patch+json"
        self.api("PATCH", self.path(inputs), patch, content, fieldManager="kubectl-edit")

    def path(self, inputs: dict[str, Any]) -> str:
        metadata = inputs["metadata"]
        return f"{PLURALS[inputs['kind']].format(metadata['namespace'])}/{metadata['name']}"
