"""From configuration to the edge on the internet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from infra.components.edge.public_layout import PublicEdgeArgs, PublicOriginArgs, origin_usages, usages
from infra.config import StackConfig
from infra.core.cost.usage import Usage
from infra.core.names import PROJECT, bucket_name, dns_label
from infra.stacks.profile import Profile

if TYPE_CHECKING:
    from infra.components.edge.balancer import Balancer


@dataclass(frozen=True)
class DeclaredEdge:
    """What others need of the edge.

    Attributes:
        outputs: what a user of the stack is told.
        distribution: id of the distribution.
        token: what the gateway knows CloudFront by; a secret, and no output of the stack.
        balancer: the load balancer before the gateway, if the program makes one.
    """

    outputs: dict[str, Any]
    distribution: pulumi.Output[str]
    token: pulumi.Output[str]
    balancer: Balancer | None


@dataclass(frozen=True)
class EdgePlan:
    """Arguments of both sides of the edge: the global one and the origin in the cluster's region."""

    edge: PublicEdgeArgs
    origin: PublicOriginArgs


def edge_plan(config: StackConfig, profile: Profile) -> EdgePlan | None:
    """The edge; None where nobody reaches the platform from the internet."""
    if config.edge is None or config.aws is None:
        return None
    return EdgePlan(
        edge=PublicEdgeArgs(
            name=dns_label(PROJECT, config.environment),
            account_id=config.aws.account_id,
            domain=config.edge.domain,
            zone_id=config.edge.zone_id,
            price_class=config.edge.price_class,
            requests_per_address=config.edge.requests_per_address,
            log_bucket=bucket_name(config.environment, "edge-logs", config.aws.account_id),
            keep=profile.keep,
        ),
        origin=PublicOriginArgs(
            environment=config.environment,
            domain=config.edge.domain,
            zone_id=config.edge.zone_id,
            target=config.edge.origin_target,
            recovery_days=profile.recovery_days,
        ),
    )


def edge_usages(plan: EdgePlan) -> Iterator[Usage]:
    """What the edge is paid for by the month."""
    yield from usages(plan.edge)
    yield from origin_usages()


def declare_edge(
    plan: EdgePlan,
    *,
    key_arn: pulumi.Input[str],
    balance: Callable[[pulumi.Input[str]], Balancer | None],
    opts: pulumi.ResourceOptions,
    global_opts: pulumi.ResourceOptions,
) -> DeclaredEdge:
    """Declare the edge.

    Args:
        plan: its arguments.
        key_arn: key that encrypts the origin's token.
        balance: declares the load balancer that presents a certificate; None where the program makes none.
        opts: options with the providers of the cluster's region.
        global_opts: options with the providers of us-east-1.
    """
    from infra.components.edge.public_edge import PublicEdge  # noqa: PLC0415 - only such a stack pays for the import
    from infra.components.edge.public_origin import PublicOrigin  # noqa: PLC0415 - likewise

    origin = PublicOrigin("origin", plan.origin, key_arn=key_arn, opts=opts)
    balancer = balance(origin.certificate_arn)
    arn = balancer.arn if balancer else None
    edge = PublicEdge("edge", plan.edge, token=origin.token, balancer_arn=arn, opts=global_opts)
    outputs = {
        "publicUrl": edge.url,
        "originHost": plan.edge.origin,
        "originCertificateArn": origin.certificate_arn,
        "originTokenSecret": plan.origin.secret,
    }
    return DeclaredEdge(outputs, edge.distribution_id, origin.token, balancer)
