"""The controllers by which AWS follows a cluster: targets of load balancers, and the number of nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pydantic import Field

from infra.components.foundation import controllers_layout as layout
from infra.components.foundation.controllers_layout import ControllersPlace
from infra.components.foundation.operator_chart import OperatorChart, OperatorChartArgs
from infra.core.catalog.charts import Chart
from infra.core.component import PlatformComponent
from infra.core.models import Args
from infra.core.wiring import Member


class CloudControllersArgs(Args):
    """The controllers of one cluster."""

    place: ControllersPlace
    charts: dict[str, Chart] = Field(description="their charts, by name")
    mode: Literal["install", "crds-only"]
    members: tuple[Member, ...] = Field(description="their places in the wiring")
    keep: bool = Field(description="whether the definitions outlive a mistake: their objects go with them")


class CloudControllers(PlatformComponent):
    """The cluster autoscaler, and the load balancer controller where something is reached from outside.

    Args:
        definitions: custom resource definitions of each chart, as manifests, by the chart's name.
        ready: for each namespace, what must exist before anything is declared in it.
        after: what must exist before the first pod: the roles on AWS, and who issues the webhook's certificate.

    Attributes:
        bindings: what must be there before a TargetGroupBinding, and until it is gone: the controller has to take the
            pods out of the group.
        recorded: the charts that were not installed.
    """

    DOMAIN = "foundation"
    bindings: Sequence[pulumi.Resource]
    recorded: list[str]

    def __init__(
        self,
        name: str,
        args: CloudControllersArgs,
        *,
        definitions: Mapping[str, Sequence[dict[str, Any]]],
        ready: Mapping[str, Sequence[pulumi.Resource]],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        home = ready[args.place.namespace]
        for role, manifest in layout.policies(args.place, args.members):
            self.declare(role, manifest, after=home)
        first: list[pulumi.Resource] = [*home, *after]
        for role, manifest in layout.rights(args.place):
            # The kind before what is bound to it.
            first.append(self.declare(role, manifest, after=[*ready[args.place.bound or args.place.namespace], *first]))
        charts = {chart: self._chart(args, chart, definitions[chart], first) for chart in layout.charts(args.place)}
        self.bindings = charts[layout.TARGETS].definitions if layout.TARGETS in charts else ()
        self.recorded = [chart.recorded for chart in charts.values() if chart.recorded]
        self.register_outputs({"recorded": self.recorded})

    def _chart(
        self,
        args: CloudControllersArgs,
        name: str,
        definitions: Sequence[dict[str, Any]],
        after: Sequence[pulumi.Resource],
    ) -> OperatorChart:
        chart = args.charts[name]
        chart_args = OperatorChartArgs(
            release=name,
            namespace=args.place.namespace,
            chart=chart,
            mode=args.mode,
            values=layout.values(name, args.place, chart.footprint),
            definitions=tuple(definitions),
            keep=args.keep,
        )
        return OperatorChart(self.child(name), chart_args, after=after, opts=self.child_options())
