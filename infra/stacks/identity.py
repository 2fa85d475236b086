"""Declares who may do what on AWS, and the way there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from infra.components.foundation.workload_identity_layout import LAKEHOUSE_KEY
from infra.stacks.identity_plan import IdentityPlan

if TYPE_CHECKING:
    from infra.components.foundation.cluster import Cluster


def declare_identities(
    plan: IdentityPlan | None,
    cluster: Cluster | None,
    key_arn: pulumi.Output[str] | None,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    options: pulumi.ResourceOptions,
) -> pulumi.Output[str] | None:
    """Declare the roles with their boundary, and what opens the network for the tenants that have one.

    Args:
        plan: the roles; there are none without it.
        cluster: the cluster that they are bound to.
        key_arn: the lakehouse's key.
        ready: for each namespace, what must exist before anything is declared in it.
        options: options of the components.

    Returns:
        ARN of the boundary, for roles that are declared elsewhere.
    """
    if plan is None or cluster is None or key_arn is None:
        return None
    # Stacks without AWS do without the seconds that importing its classes takes.
    from infra.components.foundation.workload_identity import (  # noqa: PLC0415
        PermissionsBoundary,
        TenantAccess,
        WorkloadIdentity,
    )

    boundary = PermissionsBoundary("boundary", plan.boundary, opts=options)
    for args in plan.roles:
        WorkloadIdentity(
            f"{args.workload}-identity",
            args,
            keys={LAKEHOUSE_KEY: key_arn},
            boundary_arn=boundary.arn,
            after=cluster.ready,
            opts=options,
        )
    if plan.tenants:
        TenantAccess("tenant-access", plan.tenants, ready=ready, opts=options)
    return boundary.arn
