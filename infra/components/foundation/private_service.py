"""Where a service that keeps data stands: in the private subnets, behind a group that only the cluster gets through."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pulumi
from pulumi_aws import ec2, vpc

from infra.components.foundation.network import Network
from infra.core.component import PlatformComponent

Subnets = TypeVar("Subnets", bound=pulumi.Resource)


def private_service(
    component: PlatformComponent,
    network: Network,
    clients: pulumi.Input[str],
    *,
    name: str,
    protocol: str,
    port: int,
    subnet_group: Callable[..., Subnets],
) -> tuple[ec2.SecurityGroup, Subnets]:
    """Declare the groups of security and of subnets.

    Args:
        component: their parent.
        network: the network.
        clients: id of the security group whose members alone come in.
        name: name of both groups.
        protocol: what is spoken there, for people.
        port: where.
        subnet_group: the service's own class of subnet groups.
    """
    group = ec2.SecurityGroup(
        component.child("group"),
        name=name,
        description=f"{protocol} from the cluster",
        vpc_id=network.vpc_id,
        tags={"Name": name},
        opts=component.child_options(),
    )
    vpc.SecurityGroupIngressRule(
        component.child("from-cluster"),
        security_group_id=group.id,
        referenced_security_group_id=clients,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=f"{protocol} from nodes and pods",
        opts=component.child_options(),
    )
    subnets = subnet_group(
        component.child("subnets"),
        name=name,
        description="Private subnets of the network",
        subnet_ids=list(network.private_subnets),
        opts=component.child_options(),
    )
    return group, subnets
