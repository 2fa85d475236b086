"""What pods are on AWS: a role with the least permissions, under a boundary, that nobody else can take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import eks, iam

from infra.components.foundation.workload_identity_layout import BoundaryArgs, WorkloadIdentityArgs, access_manifests
from infra.core.component import PlatformComponent
from infra.core.wiring import Member


class PermissionsBoundary(PlatformComponent):
    """The most that any workload of the environment can do, whatever its own policy says.

    Attributes:
        arn: ARN of the boundary's policy.
    """

    DOMAIN = "foundation"
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BoundaryArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        policy = iam.Policy(
            self.child("policy"),
            name=args.name,
            description=f"The most that a workload of {args.environment} can do",
            policy=args.document(),
            opts=self.child_options(),
        )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})


class WorkloadIdentity(PlatformComponent):
    """A workload's role, its policy, and the association of its ServiceAccounts with it.

    Args:
        name: name in the URN.
        args: what the workload uses, and who it is.
        keys: ARNs of the keys and secrets that its grants refer to, by name.
        boundary_arn: ARN of the environment's permissions boundary.
        after: what must exist first: the cluster, and the ServiceAccounts' namespace.
        opts: options of the component.

    Attributes:
        role_arn: ARN of the role.
        associations: what must exist before a pod starts that is to have the role: later ones do not get it.
    """

    DOMAIN = "foundation"
    role_arn: pulumi.Output[str]
    associations: Sequence[pulumi.Resource]

    def __init__(
        self,
        name: str,
        args: WorkloadIdentityArgs,
        *,
        keys: Mapping[str, pulumi.Input[str]],
        boundary_arn: pulumi.Input[str],
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        policy = iam.Policy(
            self.child("policy"),
            name=args.role,
            description=f"What {args.workload} uses of AWS",
            policy=pulumi.Output.all(**keys).apply(args.policy),
            opts=self.child_options(),
        )
        role = iam.Role(
            self.child("role"),
            name=args.role,
            description=f"Pods of {args.workload}",
            assume_role_policy=args.trust(),
            permissions_boundary=boundary_arn,
            opts=self.child_options(),
        )
        attachment = iam.RolePolicyAttachment(
            self.child("attachment"), role=role.name, policy_arn=policy.arn, opts=self.child_options()
        )
        self.associations = [
            eks.PodIdentityAssociation(
                self.child(f"{account}-association"),
                cluster_name=args.cluster,
                namespace=args.namespace,
                service_account=account,
                role_arn=role.arn,
                opts=self.child_options(after=[attachment, *after]),
            )
            for account in args.accounts
        ]
        self.role_arn = role.arn
        self.register_outputs({"roleArn": self.role_arn})


class TenantAccess(PlatformComponent):
    """The way of tenants' pods to AWS: what their role allows, their network does too.

    Args:
        name: name in the URN.
        members: pods of tenants that have a role.
        ready: for each namespace, what must exist before anything is declared in it.
        opts: options of the component.
    """

    DOMAIN = "foundation"

    def __init__(
        self,
        name: str,
        members: Sequence[Member],
        *,
        ready: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        for member in members:
            for role, manifest in access_manifests(member):
                self.declare(role.replace("/", "-"), manifest, after=ready[member.party.namespace])
        self.register_outputs({"namespaces": sorted({member.party.namespace for member in members})})
