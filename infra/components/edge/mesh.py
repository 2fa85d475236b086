"""The service mesh's view of the wiring: who may connect to whom, by identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pydantic import Field

from infra.components.edge.mesh_layout import namespace_manifests, wiring_manifests
from infra.core.component import PlatformComponent
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.wiring import Wiring


class MeshArgs(Args):
    """The mesh of an environment."""

    ownership: Ownership
    namespaces: tuple[str, ...] = Field(min_length=1, description="namespaces whose pods are part of it")
    wiring: Wiring = Field(description="the graph of the platform")
    definitions: tuple[dict[str, Any], ...] = Field(description="Istio's custom resource definitions, as manifests")
    keep: bool = Field(description="whether the definitions outlive a mistake: their objects go with them")


class Mesh(PlatformComponent):
    """Istio's definitions; in each namespace strict encryption and default-deny; one policy for each server.

    Args:
        after: for each namespace, what must exist before anything is declared in it.

    Attributes:
        ready: for each namespace, what must exist before a pod starts there, so that none is ever open.
    """

    DOMAIN = "edge"
    ready: Mapping[str, tuple[pulumi.Resource, ...]]

    def __init__(
        self,
        name: str,
        args: MeshArgs,
        *,
        after: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        definitions = [
            self.declare(f"crd-{definition['spec']['names']['singular']}", definition, keep=args.keep)
            for definition in args.definitions
        ]
        self.ready = {
            namespace: tuple(
                self.declare(role, manifest, after=[*after[namespace], *definitions])
                for role, manifest in namespace_manifests(namespace, args.ownership)
            )
            for namespace in args.namespaces
        }
        for role, manifest in wiring_manifests(args.wiring, args.ownership):
            self.declare(role, manifest, after=[*after[manifest["metadata"]["namespace"]], *definitions])
        self.register_outputs({"namespaces": list(args.namespaces)})
