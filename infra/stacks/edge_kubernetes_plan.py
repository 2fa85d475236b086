"""What the edge and the operators add to a plan inside the cluster: their pods, counted and wired as all others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from infra.components.edge import istio_layout, kong_layout
from infra.components.edge.istio import Istio, IstioArgs
from infra.components.edge.kong import Kong, KongArgs
from infra.components.edge.public_layout import origin_host
from infra.components.edge.routes_layout import PublishedPort, published, service_annotations
from infra.components.foundation import operators_layout, operators_pods
from infra.components.foundation.operators_pods import OperatorPods
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE
from infra.config import StackConfig
from infra.core.catalog.charts import Chart
from infra.core.cost.usage import Running
from infra.core.labels import Ownership
from infra.core.quota import Share
from infra.core.wiring import Member
from infra.core.workload.spec import WorkloadSpec
from infra.stacks.files import read_definitions
from infra.stacks.profile import Profile

if TYPE_CHECKING:
    from infra.stacks.plan import Plan


Routes = tuple[PublishedPort, ...]
"""Every declared route, where there is a gateway; None stands for no gateway."""


def has_gateway(config: StackConfig, profile: Profile) -> bool:
    """Whether requests reach the environment from outside."""
    return profile.operators and config.edge is not None and config.identity is not None


def routed(config: StackConfig, profile: Profile, spec: WorkloadSpec) -> WorkloadSpec:
    """A workload as it is declared where there is a gateway: its Service says how the gateway treats it."""
    if not has_gateway(config, profile):
        return spec
    annotations = {key: value for item in published([spec]) for key, value in service_annotations(item).items()}
    return spec.model_copy(update={"service_annotations": {**spec.service_annotations, **annotations}})


def routes_of(config: StackConfig, profile: Profile, workloads: Iterable[WorkloadSpec]) -> Routes | None:
    """Every declared route; None where nobody comes from outside."""
    return published(workloads) if has_gateway(config, profile) else None


def operator_pods(profile: Profile, routes: Routes | None) -> tuple[OperatorPods, ...]:
    """Every Deployment that a chart makes; none in an environment without operators."""
    if not profile.operators:
        return ()
    gateway = () if routes is None else kong_layout.pods(OPERATOR_NAMESPACE, routes)
    return (*operators_layout.pods(OPERATOR_NAMESPACE), *istio_layout.pods(OPERATOR_NAMESPACE), *gateway)


def operator_members(profile: Profile, routes: Routes | None, ownership: Ownership) -> tuple[Member, ...]:
    """Their places in the graph."""
    return operators_pods.members(operator_pods(profile, routes), ownership)


def operator_shares(charts: Mapping[str, Chart], profile: Profile, routes: Routes | None) -> tuple[Share, ...]:
    """What they take of the quota."""
    return operators_pods.shares(charts, operator_pods(profile, routes))


def operator_running(charts: Mapping[str, Chart], profile: Profile, routes: Routes | None) -> Iterator[Running]:
    """What they are paid for."""
    return operators_pods.running(charts, operator_pods(profile, routes))


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
    config: StackConfig,
    charts: Mapping[str, Chart],
    profile: Profile,
    plan: Plan,
    *,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    certifier: pulumi.Resource | None,
    token: pulumi.Input[str] | None,
    options: pulumi.ResourceOptions,
) -> Kong | None:
    """Kong with all routes; None where nobody comes from outside.

    Args:
        config: configuration of the stack.
        charts: the catalog's charts, by name.
        profile: shape of the environment.
        plan: the plan, with its routes.
        ready: for each namespace, what must exist before anything is declared in it.
        certifier: what must run before a certificate can be asked for.
        token: what CloudFront tells the gateway.
        options: options with the providers.
    """
    if plan.routes is None or config.edge is None or config.identity is None or certifier is None or token is None:
        return None
    chart = charts[kong_layout.KONG]
    args = KongArgs(
        namespace=OPERATOR_NAMESPACE,
        ownership=plan.ownership,
        chart=chart,
        mode=config.operators.mode,
        definitions=read_definitions(chart.crds),
        hosts=(config.edge.domain, origin_host(config.edge.domain)),
        keys=tuple(
            kong_layout.SigningKey(name=name, algorithm=key.algorithm, pem=key.public_key)
            for name, key in config.identity.keys.items()
        ),
        routes=plan.routes,
        keep=profile.keep,
    )
    return Kong("kong", args, ready=ready, certifier=certifier, token=token, opts=options)
