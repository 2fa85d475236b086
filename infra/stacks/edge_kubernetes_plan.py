"""What the edge and the operators add to a plan inside the cluster: their pods, counted and wired as all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pulumi

from infra.components.edge import istio_layout, kong_layout
from infra.components.edge.balancer_layout import BalancerArgs
from infra.components.edge.istio import Istio, IstioArgs
from infra.components.edge.kong import Binding, Kong
from infra.components.edge.kong_layout import Gateway
from infra.components.edge.public_layout import origin_host
from infra.components.edge.routes_layout import SigningKey, published
from infra.components.foundation import operators_layout, operators_pods
from infra.components.foundation.operators_pods import OperatorPods
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE
from infra.config import StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.catalog.charts import Chart
from infra.core.cost.usage import Running
from infra.core.labels import Ownership
from infra.core.quota import Share
from infra.core.wiring import Member
from infra.core.workload.spec import WorkloadSpec
from infra.stacks.edge_plan import DeclaredEdge
from infra.stacks.profile import Profile


def gateway_of(
    config: StackConfig,
    catalog: Catalog,
    profile: Profile,
    ownership: Ownership,
    workloads: Iterable[WorkloadSpec],
    *,
    balancer: BalancerArgs | None,
) -> Gateway | None:
    """The gateway with every declared route; None where nobody comes from outside.

    Args:
        config: configuration of the stack.
        catalog: the catalog.
        profile: shape of the environment.
        ownership: who answers and pays for it.
        workloads: everything that may have a route.
        balancer: the load balancer before it, if the program makes one.
    """
    if not profile.operators or config.edge is None or config.identity is None:
        return None
    return Gateway(
        image=catalog.images[kong_layout.NAME],
        ownership=ownership,
        zones=config.availability.zones,
        hosts=(config.edge.domain, origin_host(config.edge.domain)),
        keys=tuple(
            SigningKey(name=name, algorithm=key.algorithm, pem=key.public_key)
            for name, key in config.identity.keys.items()
        ),
        routes=published(workloads),
        **({"balancer": balancer.subnets} if balancer else {}),
    )


def operator_pods(profile: Profile) -> tuple[OperatorPods, ...]:
    """Every Deployment that a chart makes; none in an environment without operators."""
    if not profile.operators:
        return ()
    return (*operators_layout.pods(OPERATOR_NAMESPACE), *istio_layout.pods(OPERATOR_NAMESPACE))


def operator_members(profile: Profile, ownership: Ownership) -> tuple[Member, ...]:
    """Their places in the graph."""
    return operators_pods.members(operator_pods(profile), ownership)


def operator_shares(charts: Mapping[str, Chart], profile: Profile) -> tuple[Share, ...]:
    """What they take of the quota."""
    return operators_pods.shares(charts, operator_pods(profile))


def operator_running(charts: Mapping[str, Chart], profile: Profile) -> Iterator[Running]:
    """What they are paid for."""
    return operators_pods.running(charts, operator_pods(profile))


def declare_istio(
    config: StackConfig,
    charts: Mapping[str, Chart],
    profile: Profile,
    ownership: Ownership,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    options: pulumi.ResourceOptions,
) -> Istio | None:
    """Istio's control plane and agents; None in an environment without operators.

    Args:
        config: configuration of the stack.
        charts: the catalog's charts, by name.
        profile: shape of the environment.
        ownership: who answers and pays for it.
        ready: for each namespace, what must exist before anything is declared in it.
        options: options with the providers.
    """
    if not profile.operators:
        return None
    args = IstioArgs(
        namespace=OPERATOR_NAMESPACE,
        ownership=ownership,
        charts={name: charts[name] for name in istio_layout.CHARTS},
        mode=config.operators.mode,
    )
    return Istio("istio", args, after=ready[OPERATOR_NAMESPACE], opts=options)


def declare_kong(
    gateway: Gateway | None,
    *,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    certifier: pulumi.Resource | None,
    edge: DeclaredEdge | None,
    binding: Binding | None,
    options: pulumi.ResourceOptions,
) -> Kong | None:
    """The gateway; None where nobody comes from outside.

    Args:
        gateway: what it is made of.
        ready: for each namespace, what must exist before anything is declared in it.
        certifier: what must run before a certificate can be asked for.
        edge: what tells the gateway that requests come through CloudFront.
        binding: what makes its pods the targets of a load balancer.
        options: options with the providers.
    """
    if gateway is None or certifier is None or edge is None:
        return None
    return Kong(
        "edge-gateway", gateway, ready=ready, certifier=certifier, token=edge.token, binding=binding, opts=options
    )
