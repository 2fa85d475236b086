"""The one resource class through which Kubernetes objects are declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

SECRET_FIELDS = ("data", "stringData")


class KubernetesObject(pulumi.CustomResource):
    """A Kubernetes object of any built-in or custom kind, declared by its manifest.

    It registers exactly what the generated classes of the Kubernetes SDK register (type token, properties in the
    manifest's own spelling), without importing them: they take two seconds, which is a third of what a run that
    changes nothing may take (docs/adr/0003-kubernetes-objects-are-manifests.md has the measurement).

    Args:
        resource_name: name in the URN.
        manifest: the object. ``metadata.name`` is required; names are never generated.
        opts: the provider comes from the parent.

    Raises:
        ValueError: the manifest has no apiVersion, kind or explicit name.
    """

    def __init__(
        self, resource_name: str, manifest: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        for field, value in (
            ("apiVersion", manifest.get("apiVersion")),
            ("kind", manifest.get("kind")),
            ("metadata.name", manifest.get("metadata", {}).get("name")),
        ):
            if not value:
                raise ValueError(f"{resource_name}: the manifest has no {field}; names are explicit, never generated")
        hidden = [field for field in SECRET_FIELDS if manifest["kind"] == "Secret"]
        merged = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=hidden or None))
        super().__init__(type_token(manifest), resource_name, dict(manifest), merged)


def type_token(manifest: Mapping[str, Any]) -> str:
    """Type of an object as Pulumi's Kubernetes provider names it: ``kubernetes:core/v1:Secret``.

    The core group has no name in ``apiVersion``; the provider calls it ``core``.
    """
    group, _, version = str(manifest["apiVersion"]).rpartition("/")
    return f"kubernetes:{group or 'core'}/{version}:{manifest['kind']}"
