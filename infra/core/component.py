"""The base of every component: its type, its children's names and parents, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from infra.core.kubernetes_object import KubernetesObject


class PlatformComponent(pulumi.ComponentResource):
    """A group of resources with one purpose.

    The type token is ``platform:<domain>:<ClassName>``; children are named ``<name>-<role>`` and have the component as
    parent, from which they take their provider. The component's own options are never handed to its children.

    Args:
        name: name in the URN.
        opts: options of the component itself; the stack gives the providers here.
    """

    DOMAIN: ClassVar[str]
    """Part of the platform that the component belongs to."""

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"platform:{self.DOMAIN}:{type(self).__name__}", name, None, opts)
        self._component_name = name

    def child(self, role: str) -> str:
        """Name of the child with that role."""
        return f"{self._component_name}-{role}"

    def child_options(self, *, after: Sequence[pulumi.Resource] = (), keep: bool = False) -> pulumi.ResourceOptions:
        """Options of a child.

        Args:
            after: what must exist first.
            keep: whether it holds what cannot be made again: it is then protected, and stays when it is removed from
                the program.
        """
        return pulumi.ResourceOptions(
            parent=self, depends_on=list(after) or None, protect=keep or None, retain_on_delete=keep or None
        )

    def declare(
        self, role: str, manifest: Mapping[str, Any], *, after: Sequence[pulumi.Resource] = (), keep: bool = False
    ) -> KubernetesObject:
        """Declare a Kubernetes object as a child."""
        return KubernetesObject(self.child(role), manifest, self.child_options(after=after, keep=keep))
