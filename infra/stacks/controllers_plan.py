"""From configuration and catalog to the controllers of a cluster on AWS and the load balancer before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from infra.components.edge import balancer_layout, kong_layout
from infra.components.edge.balancer_layout import BalancerArgs
from infra.components.edge.kong import Binding
from infra.components.foundation import controllers_layout, operators_pods
from infra.components.foundation.controllers import CloudControllers, CloudControllersArgs
from infra.components.foundation.controllers_layout import ControllersPlace
from infra.components.foundation.network_layout import NetworkArgs, aws_network, zones_of
from infra.components.foundation.workload_identity_layout import WorkloadIdentityArgs, check_identity
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE
from infra.config import StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.catalog.charts import Chart
from infra.core.cost.usage import Running, Usage
from infra.core.iam import AwsPlace
from infra.core.labels import Ownership
from infra.core.names import bucket_name
from infra.core.quota import Share
from infra.core.wiring import Member
from infra.stacks.cluster_plan import cluster_name, network_args
from infra.stacks.files import read_definitions
from infra.stacks.profile import Profile

if TYPE_CHECKING:
    from infra.components.edge.balancer import Balancer
    from infra.components.foundation.cluster import Cluster
    from infra.components.foundation.network import Network


@dataclass(frozen=True)
class ControllersPlan:
    """The controllers of a cluster, their roles, and the load balancer whose targets they keep.

    Attributes:
        controllers: the controllers.
        identities: a role for each.
        balancer: the load balancer; None where nobody comes from outside, or through one that somebody else keeps.
    """

    controllers: CloudControllersArgs
    identities: tuple[WorkloadIdentityArgs, ...]
    balancer: BalancerArgs | None


def balancer_args(config: StackConfig, profile: Profile) -> BalancerArgs | None:
    """The load balancer between CloudFront and the gateway; None where the program makes none."""
    network = network_args(config, profile) if profile.operators else None
    if network is None or config.edge is None or config.identity is None or config.edge.origin_target is not None:
        return None
    return BalancerArgs(
        name=network.name,
        group=balancer_layout.group_name(network.name),
        account_id=network.account_id,
        region=network.region,
        network=network.cidr,
        subnets=tuple(zone.private for zone in zones_of(network)),
        log_bucket=bucket_name(config.environment, "balancer-logs", network.account_id),
        keep=profile.keep,
    )


def controllers_place(config: StackConfig, profile: Profile, ownership: Ownership) -> ControllersPlace | None:
    """Where the controllers run, and for what; None where the cluster is not the program's."""
    if not profile.operators or config.cluster.kind != "eks" or config.eks is None or config.aws is None:
        return None
    balancer = balancer_args(config, profile)
    return ControllersPlace(
        namespace=OPERATOR_NAMESPACE,
        ownership=ownership,
        cluster=cluster_name(config.environment),
        region=config.aws.region,
        bound=kong_layout.NAMESPACE if balancer else None,
        targets=balancer.group if balancer else None,
    )


def controllers_plan(
    config: StackConfig, catalog: Catalog, profile: Profile, ownership: Ownership, network: NetworkArgs | None
) -> ControllersPlan | None:
    """The controllers with their roles; None where the cluster is not the program's.

    Raises:
        ConfigurationError: IAM would not take a document.
    """
    place = controllers_place(config, profile, ownership)
    if place is None or network is None:
        return None
    aws = AwsPlace(account_id=network.account_id, region=network.region)
    identities = tuple(
        check_identity(
            WorkloadIdentityArgs(
                workload=name,
                environment=config.environment,
                place=aws,
                cluster=place.cluster,
                namespace=place.namespace,
                accounts=(name,),
                grants=(grant,),
                declared_in="component controllers",
            )
        )
        for name, grant in controllers_layout.grants(place)
    )
    controllers = CloudControllersArgs(
        place=place,
        charts={name: catalog.charts[name] for name in controllers_layout.charts(place)},
        mode=config.operators.mode,
        members=controllers_layout.members(place, aws_network(network)),
        keep=profile.keep,
    )
    return ControllersPlan(controllers, identities, balancer_args(config, profile))


def controller_shares(place: ControllersPlace | None, charts: Mapping[str, Chart]) -> tuple[Share, ...]:
    """What they take of the quota."""
    return operators_pods.shares(charts, controllers_layout.pods(place)) if place else ()


def controller_members(plan: ControllersPlan | None) -> tuple[Member, ...]:
    """Their places in the graph."""
    return plan.controllers.members if plan else ()


def controller_running(plan: ControllersPlan | None) -> Iterator[Running]:
    """What they are paid for by their pods."""
    if plan is not None:
        controllers = plan.controllers
        yield from operators_pods.running(controllers.charts, controllers_layout.pods(controllers.place))


def balancer_usages(plan: ControllersPlan | None) -> Iterator[Usage]:
    """What the load balancer is paid for by the month."""
    if plan is not None and plan.balancer is not None:
        yield from balancer_layout.usages()


def declare_balancer(
    plan: ControllersPlan | None,
    certificate_arn: pulumi.Input[str],
    *,
    network: Network | None,
    cluster: Cluster | None,
    options: pulumi.ResourceOptions,
) -> Balancer | None:
    """Declare the load balancer.

    Args:
        plan: what it is made of; nothing is declared without one in it.
        certificate_arn: certificate that it presents to CloudFront.
        network: the network that it is in.
        cluster: the cluster whose pods are its targets.
        options: options of the component.
    """
    if plan is None or plan.balancer is None or network is None or cluster is None:
        return None
    from infra.components.edge.balancer import Balancer  # noqa: PLC0415 - only such a stack pays for the import

    return Balancer(
        "load-balancer",
        plan.balancer,
        network=network,
        pods=cluster.security_group,
        certificate_arn=certificate_arn,
        opts=options,
    )


def declare_controllers(
    plan: ControllersPlan | None,
    *,
    boundary_arn: pulumi.Input[str] | None,
    cluster: Cluster | None,
    certifier: pulumi.Resource | None,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    options: pulumi.ResourceOptions,
) -> CloudControllers | None:
    """Declare the controllers with their roles.

    Args:
        plan: the controllers; nothing is declared without it.
        boundary_arn: ARN of the permissions boundary of workloads.
        cluster: the cluster that the roles are bound to.
        certifier: what must run before a certificate can be asked for.
        ready: for each namespace, what must exist before anything is declared in it.
        options: options of the components.
    """
    if plan is None or boundary_arn is None or cluster is None or certifier is None:
        return None
    # Stacks without AWS do without the seconds that importing its classes takes.
    from infra.components.foundation.workload_identity import WorkloadIdentity  # noqa: PLC0415

    roles = [
        WorkloadIdentity(
            f"{args.workload}-identity", args, keys={}, boundary_arn=boundary_arn, after=cluster.ready, opts=options
        )
        for args in plan.identities
    ]
    return CloudControllers(
        "controllers",
        plan.controllers,
        definitions={name: read_definitions(chart.crds) for name, chart in plan.controllers.charts.items()},
        ready=ready,
        after=[*roles, certifier],
        opts=options,
    )


def binding(
    plan: ControllersPlan | None, controllers: CloudControllers | None, balancer: pulumi.Resource | None
) -> Binding | None:
    """What binds the gateway's pods to the load balancer; None without one."""
    if plan is None or plan.balancer is None or controllers is None or balancer is None:
        return None
    manifest = balancer_layout.binding_manifest(plan.balancer, plan.controllers.place.ownership)
    return Binding(manifest, (*controllers.bindings, balancer))
