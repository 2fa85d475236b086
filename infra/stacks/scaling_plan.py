"""What scales by more than its CPU, whether it can do so here, and KEDA for it (docs/adr/0025)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pulumi

from infra.components.foundation import event_scaling_layout as layout
from infra.components.foundation import operators_pods
from infra.components.foundation.event_scaling import EventScaling, EventScalingArgs
from infra.components.foundation.event_scaling_layout import KEDA, ScalerPlace
from infra.components.streaming.strimzi_layout import OPERATOR_NAMESPACE
from infra.config import StackConfig
from infra.core.catalog.catalog import Catalog
from infra.core.catalog.charts import Chart
from infra.core.cost.usage import Running
from infra.core.errors import Problem
from infra.core.labels import Ownership
from infra.core.quota import Share
from infra.core.wiring import Member
from infra.core.workload.autoscale_check import lag_problems, scaler_edges
from infra.core.workload.spec import WorkloadSpec
from infra.stacks.files import read_definitions
from infra.stacks.profile import Profile


def scaling_problems(
    workloads: Iterable[WorkloadSpec], catalog: Catalog, profile: Profile, *, file: str
) -> tuple[Problem, ...]:
    """Everything that would not scale as it is declared: without KEDA the replicas would stay as they are, unnoticed.

    Args:
        workloads: everything that runs.
        catalog: the catalog.
        profile: shape of the environment.
        file: name of the configuration's file, for errors.
    """
    scaled = [spec for spec in workloads if spec.autoscale]
    return (
        *_without_scaler(scaled, profile, file=file),
        *lag_problems(scaled, catalog.topics, catalog.users),
    )


def scaler_args(
    config: StackConfig,
    catalog: Catalog,
    profile: Profile,
    ownership: Ownership,
    workloads: Sequence[WorkloadSpec],
) -> EventScalingArgs | None:
    """KEDA for the workloads that scale by more than their CPU; None where there are none.

    Args:
        config: configuration of the stack.
        catalog: the catalog, whose chart it is.
        profile: shape of the environment.
        ownership: who answers and pays for it.
        workloads: everything that runs.
    """
    watched = sorted({spec.namespace for spec in workloads if spec.autoscale})
    if not watched or not profile.operators:
        return None
    return EventScalingArgs(
        place=ScalerPlace(
            namespace=OPERATOR_NAMESPACE,
            ownership=ownership,
            watched=tuple(watched),
            edges=tuple(scaler_edges(layout.operator(OPERATOR_NAMESPACE), workloads)),
        ),
        chart=catalog.charts[KEDA],
        mode=config.operators.mode,
        keep=profile.keep,
    )


def scaler_members(args: EventScalingArgs | None) -> tuple[Member, ...]:
    """Its places in the graph."""
    return layout.members(args.place) if args else ()


def scaler_shares(args: EventScalingArgs | None) -> tuple[Share, ...]:
    """What it takes of the quota."""
    return operators_pods.shares({KEDA: args.chart}, layout.pods(args.place.namespace)) if args else ()


def scaler_running(args: EventScalingArgs | None) -> Iterator[Running]:
    """What it is paid for."""
    if args is not None:
        charts: Mapping[str, Chart] = {KEDA: args.chart}
        yield from operators_pods.running(charts, layout.pods(args.place.namespace))


def declare_scaler(
    args: EventScalingArgs | None,
    *,
    ready: Mapping[str, Sequence[pulumi.Resource]],
    certifier: pulumi.Resource | None,
    options: pulumi.ResourceOptions,
) -> EventScaling | None:
    """Declare KEDA; None where nothing scales by it.

    Args:
        args: what it is made of.
        ready: for each namespace, what must exist before anything is declared in it.
        certifier: what must run before a certificate can be asked for.
        options: options with the providers.
    """
    if args is None or certifier is None:
        return None
    definitions = read_definitions(args.chart.crds)
    return EventScaling("event-scaling", args, definitions=definitions, ready=ready, after=[certifier], opts=options)


def _without_scaler(scaled: Iterable[WorkloadSpec], profile: Profile, *, file: str) -> Iterator[Problem]:
    names = ", ".join(spec.name for spec in scaled)
    if names and not profile.operators:
        limit = "without KEDA nothing reads lags, queries and times: the replicas would stay as they are"
        fix = "Scale by CPU use, or leave autoscale out where Kafka has no operator either"
        yield Problem(file, "operators", f"none, and by KEDA {names} would scale", limit, fix)
