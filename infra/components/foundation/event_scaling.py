"""KEDA, for the workloads that scale by more than their CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pydantic import Field

from infra.components.foundation import event_scaling_layout as layout
from infra.components.foundation.event_scaling_layout import ScalerPlace
from infra.components.foundation.operator_chart import OperatorChart, OperatorChartArgs
from infra.core.catalog.charts import Chart
from infra.core.component import PlatformComponent
from infra.core.models import Args


class EventScalingArgs(Args):
    """KEDA of an environment."""

    place: ScalerPlace
    chart: Chart
    mode: Literal["install", "crds-only"]
    keep: bool = Field(description="whether the definitions outlive a mistake: their objects go with them")


class EventScaling(PlatformComponent):
    """KEDA with its definitions and the traffic between it, the API server and what its triggers ask.

    Args:
        definitions: KEDA's definitions, as manifests.
        ready: for each namespace, what must exist before anything is declared in it.
        after: what must exist before its first pod: who issues its certificate.

    Attributes:
        scalers: what must be there before a ScaledObject, and until it is gone: the operator takes its finalizer off.
        recorded: the chart, when it was not installed.
    """

    DOMAIN = "foundation"
    scalers: Sequence[pulumi.Resource]
    recorded: list[str]

    def __init__(
        self,
        name: str,
        args: EventScalingArgs,
        *,
        definitions: Sequence[dict[str, Any]],
        ready: Mapping[str, Sequence[pulumi.Resource]],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        for role, manifest in layout.policies(args.place):
            self.declare(role, manifest, after=ready[manifest["metadata"]["namespace"]])
        chart_args = OperatorChartArgs(
            release=layout.KEDA,
            namespace=args.place.namespace,
            chart=args.chart,
            mode=args.mode,
            values=layout.values(args.place, args.chart.footprint),
            definitions=tuple(definitions),
            keep=args.keep,
        )
        homes = [resource for home in layout.chart_namespaces(args.place) for resource in ready[home]]
        chart = OperatorChart(self.child(layout.KEDA), chart_args, after=[*homes, *after], opts=self.child_options())
        self.scalers = chart.definitions
        self.recorded = [chart.recorded] if chart.recorded else []
        self.register_outputs({"recorded": self.recorded})
