"""From configuration to people's logins at the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pulumi

from infra.components.foundation.tenancy_layout import LOGIN_PREFIX, NamespaceSpec
from infra.config import StackConfig
from infra.core.names import PROJECT

if TYPE_CHECKING:
    from infra.components.foundation.cluster import Cluster


def logs_in(config: StackConfig) -> bool:
    """Whether people log in at the cluster by the identity provider."""
    return config.cluster.kind == "eks" and config.identity is not None and config.identity.people is not None


def with_groups(config: StackConfig, namespaces: Iterable[NamespaceSpec]) -> tuple[NamespaceSpec, ...]:
    """The namespaces, whose roles belong to groups as people have them."""
    prefix = LOGIN_PREFIX if logs_in(config) else ""
    return tuple(spec.model_copy(update={"group_prefix": prefix}) for spec in namespaces)


def declare_logins(config: StackConfig, cluster: Cluster | None, options: pulumi.ResourceOptions) -> None:
    """Declare the cluster's identity provider, where the configuration has one and the program makes the cluster."""
    if not logs_in(config) or cluster is None or config.identity is None or config.identity.people is None:
        return
    # Stacks without AWS do without the seconds that importing its classes takes.
    from infra.components.foundation.identity_provider import ClusterLogins, ClusterLoginsArgs  # noqa: PLC0415

    people = config.identity.people
    args = ClusterLoginsArgs(
        name=PROJECT,
        issuer=config.identity.issuer,
        client_id=people.client_id,
        username_claim=people.username_claim,
        groups_claim=people.groups_claim,
    )
    ClusterLogins("people", args, cluster=cluster.name, after=cluster.ready, opts=options)
