"""Namespaces, and what keeps those who share a cluster apart."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pydantic import Field

from infra.components.foundation.tenancy_layout import (
    NamespaceSpec,
    content_manifests,
    namespace_manifest,
    priority_manifests,
)
from infra.core.component import PlatformComponent
from infra.core.labels import Ownership
from infra.core.models import Args


class TenancyArgs(Args):
    """The namespaces of an environment."""

    ownership: Ownership
    namespaces: tuple[NamespaceSpec, ...] = Field(min_length=1, description="platform's and tenants' namespaces")


class Tenancy(PlatformComponent):
    """Namespaces with restricted Pod Security, quota, limits, default-deny network policies and least roles.

    Attributes:
        ready: for each namespace, what must exist before anything is declared in it.
    """

    DOMAIN = "foundation"
    ready: Mapping[str, tuple[pulumi.Resource, ...]]

    def __init__(self, name: str, args: TenancyArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        priorities = [self.declare(role, manifest) for role, manifest in priority_manifests(args.ownership)]
        ready: dict[str, tuple[pulumi.Resource, ...]] = {}
        for spec in args.namespaces:
            namespace = self.declare(spec.name, namespace_manifest(spec), keep=spec.keep)
            contents = [
                self.declare(f"{spec.name}-{role}", manifest, after=[namespace])
                for role, manifest in content_manifests(spec)
            ]
            ready[spec.name] = (namespace, *contents, *priorities)
        self.ready = ready
        self.register_outputs({"namespaces": list(ready)})
