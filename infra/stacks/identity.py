"""Declares who may do what on AWS, and the way there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from infra.components.foundation.workload_identity_layout import LAKEHOUSE_KEY
from infra.core.iam import references
from infra.stacks.identity_plan import IdentityPlan

if TYPE_CHECKING:
    from infra.components.foundation.cluster import Cluster


def declare_identities(
    plan: IdentityPlan | None,
    cluster: Cluster | None,
    arns: Mapping[str, pulumi.Output[str]],
    ready: Mapping[str, Sequence[pulumi.Resource]],
    options: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str] | None, Mapping[str, Sequence[pulumi.Resource]]]:
    """Declare the roles with their boundary, and what opens the network for the tenants that have one.

    Args:
        plan: the roles; there are none without it.
        cluster: the cluster that they are bound to.
        arns: keys and secrets that grants refer to, by name; without the lakehouse's key there are no roles.
        ready: for each namespace, what must exist before anything is declared in it.
        options: options of the components.

    Returns:
        ARN of the boundary, for roles that are declared elsewhere; and what must exist before the pods of each workload
        start, so that they have its role.
    """
    if plan is None or cluster is None or LAKEHOUSE_KEY not in arns:
        return None, {}
    # Stacks without AWS do without the seconds that importing its classes takes.
    from infra.components.foundation.workload_identity import (  # noqa: PLC0415
        PermissionsBoundary,
        TenantAccess,
        WorkloadIdentity,
    )

    boundary = PermissionsBoundary("boundary", plan.boundary, opts=options)
    roles: dict[str, Sequence[pulumi.Resource]] = {}
    for args in plan.roles:
        named = {name for grant in args.grants for name in references(grant)}
        roles[args.workload] = WorkloadIdentity(
            f"{args.workload}-identity",
            args,
            keys={name: arns[name] for name in sorted(named)},
            boundary_arn=boundary.arn,
            after=cluster.ready,
            opts=options,
        ).associations
    if plan.tenants:
        TenantAccess("tenant-access", plan.tenants, ready=ready, opts=options)
    return boundary.arn, roles
