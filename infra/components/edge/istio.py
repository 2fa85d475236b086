"""Istio itself: the control plane, and on each node what carries the mesh's traffic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pulumi
from pydantic import Field

from infra.components.edge import istio_layout as layout
from infra.components.foundation.operator_chart import OperatorChart, OperatorChartArgs
from infra.components.foundation.operators_pods import network
from infra.core.catalog.charts import Chart
from infra.core.component import PlatformComponent
from infra.core.labels import Ownership
from infra.core.models import Args


class IstioArgs(Args):
    """Istio in an environment."""

    namespace: str = Field(description="namespace of the control plane")
    ownership: Ownership
    charts: dict[str, Chart] = Field(description="the catalog's charts, by name")
    mode: Literal["install", "crds-only"]


class Istio(PlatformComponent):
    """The control plane, then the agents: each chart when the one before it runs.

    Args:
        after: what must exist before anything is declared in the control plane's namespace, definitions among it.

    Attributes:
        ready: what must exist before a pod starts that is to be in the mesh; empty when nothing is installed.
        recorded: the charts that were not installed.
    """

    DOMAIN = "edge"
    ready: tuple[pulumi.Resource, ...]
    recorded: list[str]

    def __init__(
        self,
        name: str,
        args: IstioArgs,
        *,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        first: list[pulumi.Resource] = [*after]
        for role, manifest in network(layout.pods(args.namespace), args.ownership):
            first.append(self.declare(role, manifest, after=after))
        charts: list[OperatorChart] = []
        for chart in layout.CHARTS:
            charts.append(self._chart(args, chart, [*first, *charts]))
        self.ready = tuple(charts) if args.mode == "install" else ()
        self.recorded = [chart.recorded for chart in charts if chart.recorded]
        self.register_outputs({"recorded": self.recorded})

    def _chart(self, args: IstioArgs, name: str, after: Sequence[pulumi.Resource]) -> OperatorChart:
        chart = args.charts[name]
        chart_args = OperatorChartArgs(
            release=name,
            namespace=layout.release_namespace(name, args.namespace),
            chart=chart,
            mode=args.mode,
            values=layout.values(name, chart, args.namespace, args.ownership),
            definitions=(),
        )
        return OperatorChart(self.child(name), chart_args, after=after, opts=self.child_options())
