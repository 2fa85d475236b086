"""Small renderings to compare: Kubernetes objects and other resources as a plan would tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.deploy.compare.rendering import Rendering
from sandbox.engine.events import PolicyFinding, StepPlanned

PROVIDER = "urn:pulumi:prod::shop::pulumi:providers:kubernetes::cluster"
MESH = "security.istio.io/v1"


def thing(type_: str, name: str, inputs: Mapping[str, Any], **facts: Any) -> StepPlanned:
    """A resource of any type."""
    urn = f"urn:pulumi:prod::shop::{facts.pop('chain', '')}{type_}::{name}"
    return StepPlanned("create", urn, type_, "", inputs=dict(inputs), **facts)


def provider(**inputs: Any) -> StepPlanned:
    """The Kubernetes provider of the objects."""
    return thing("pulumi:providers:kubernetes", "cluster", inputs)


def manifest(kind: str, name: str, api: str = "v1", namespace: str = "shop", **fields: Any) -> StepPlanned:
    """A Kubernetes object; `labels` go into its metadata, all else beside it."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": fields.pop("labels", {})}
    facts = {key: fields.pop(key) for key in ("dependencies", "chain") if key in fields}
    module = api if "/" in api else f"core/{api}"
    inputs = {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
    return thing(f"kubernetes:{module}:{kind}", f"{namespace}-{name}", inputs, provider=f"{PROVIDER}::id", **facts)


def policy(name: str, spec: Mapping[str, Any], namespace: str = "shop") -> StepPlanned:
    """A NetworkPolicy."""
    return manifest("NetworkPolicy", name, "networking.k8s.io/v1", namespace, spec=dict(spec))


def rendering(
    *steps: StepPlanned,
    findings: tuple[PolicyFinding, ...] = (),
    outputs: Mapping[str, Any] | None = None,
    rules: frozenset[str] = frozenset(),
    excused: frozenset[tuple[str, ...]] = frozenset(),
) -> Rendering:
    """A rendering of these resources."""
    return Rendering({step.urn: step for step in steps}, findings, outputs or {}, rules, excused)


def finding(
    rule: str, urn: str = "", *, mandatory: bool = False, path: str = "spec", message: str = "no"
) -> PolicyFinding:
    """A finding of a policy."""
    return PolicyFinding(rule, "mandatory" if mandatory else "advisory", mandatory, urn, path, message, "mend it")
