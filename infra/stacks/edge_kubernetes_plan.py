"""What the edge and the operators add to a plan inside the cluster: their pods, counted and wired as all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pulumi

from infra.components.edge import istio_layout
from infra.components.edge.istio import Istio, IstioArgs
from infra.components.foundation import operators_layout, operators_pods
from infra.components.foundation.operators_pods import OperatorPods
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE
from infra.config import StackConfig
from infra.core.catalog.charts import Chart
from infra.core.cost.usage import Running
from infra.core.labels import Ownership
from infra.core.quota import Share
from infra.core.wiring import Member
from infra.stacks.profile import Profile


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
