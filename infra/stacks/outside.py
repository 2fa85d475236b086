"""What faces outwards: the edge on the internet, and the people who are told when something fails."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pulumi

from infra.config import StackConfig
from infra.stacks.controllers_plan import declare_balancer
from infra.stacks.edge_plan import DeclaredEdge, declare_edge
from infra.stacks.plan import Plan
from infra.stacks.providers import global_options
from infra.stacks.watch_plan import declare_watch

if TYPE_CHECKING:
    from infra.components.foundation.cluster import Cluster
    from infra.components.foundation.network import Network


def declare_outside(
    config: StackConfig,
    plan: Plan,
    options: pulumi.ResourceOptions,
    *,
    network: Network | None,
    cluster: Cluster | None,
    key_arn: pulumi.Output[str] | None,
) -> tuple[dict[str, Any], DeclaredEdge | None]:
    """Declare the edge and the watch, where the plan has them.

    Args:
        config: configuration of the stack.
        plan: the plan.
        options: options with the providers of the stack.
        network: the network, if the program makes it.
        cluster: the cluster, if the program makes it.
        key_arn: key that encrypts the origin's token; there is one wherever there is an account.

    Returns:
        The stack's outputs, and what the gateway needs of the edge; None where there is no edge.
    """
    if plan.edge is None and plan.watch is None:
        return {}, None
    globally = global_options(config, plan.ownership, options)
    edge: DeclaredEdge | None = None
    if plan.edge is not None and key_arn is not None:
        balance = partial(declare_balancer, plan.controllers, network=network, cluster=cluster, options=options)
        edge = declare_edge(plan.edge, key_arn=key_arn, balance=balance, opts=options, global_opts=globally)
    outputs: dict[str, Any] = dict(edge.outputs) if edge else {}
    if plan.watch is not None:
        gateways = network.gateways if network is not None else {}
        distribution = edge.distribution if edge else None
        outputs["alertsTopicArn"] = declare_watch(
            plan.watch, gateways=gateways, distribution=distribution, opts=options, global_opts=globally
        )
    return outputs, edge
