"""The operators that every installing environment has: certificates and the metrics that autoscaling reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pulumi
from pydantic import Field

from infra.components.foundation import operators_layout as layout
from infra.components.foundation.operator_chart import OperatorChart, OperatorChartArgs
from infra.components.foundation.operators_pods import network
from infra.core.catalog.charts import Chart
from infra.core.component import PlatformComponent
from infra.core.labels import Ownership
from infra.core.models import Args


class PlatformOperatorsArgs(Args):
    """cert-manager and metrics-server."""

    namespace: str = Field(description="namespace that they run in")
    ownership: Ownership
    charts: dict[str, Chart] = Field(description="the catalog's charts, by name")
    mode: Literal["install", "crds-only"]
    definitions: tuple[dict[str, Any], ...] = Field(description="cert-manager's definitions, as manifests")
    keep: bool = Field(description="whether the definitions outlive a mistake: their objects go with them")


class PlatformOperators(PlatformComponent):
    """cert-manager with the platform's own authority, and metrics-server with a certificate of it.

    Args:
        after: what must exist before anything is declared in the namespace.

    Attributes:
        recorded: the charts that were not installed.
    """

    DOMAIN = "foundation"
    recorded: list[str]

    def __init__(
        self,
        name: str,
        args: PlatformOperatorsArgs,
        *,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        for role, manifest in network(layout.pods(args.namespace), args.ownership):
            self.declare(role, manifest, after=after)
        certifier = self._chart(args, layout.CERT_MANAGER, args.definitions, after)
        # The webhook judges every issuer and certificate, so it must answer before the first one.
        issued: list[pulumi.Resource] = [certifier, *certifier.definitions]
        for role, manifest in layout.certificates(args.namespace, args.ownership):
            issued.append(self.declare(role, manifest, after=[*after, *issued]))
        metrics = self._chart(args, layout.METRICS_SERVER, (), [*after, *issued])
        self.recorded = [chart.recorded for chart in (certifier, metrics) if chart.recorded]
        self.register_outputs({"recorded": self.recorded})

    def _chart(
        self,
        args: PlatformOperatorsArgs,
        name: str,
        definitions: tuple[dict[str, Any], ...],
        after: Sequence[pulumi.Resource],
    ) -> OperatorChart:
        values = layout.cert_manager_values if name == layout.CERT_MANAGER else layout.metrics_server_values
        chart = args.charts[name]
        chart_args = OperatorChartArgs(
            release=name,
            namespace=args.namespace,
            chart=chart,
            mode=args.mode,
            values=values(chart.footprint, args.namespace, args.ownership),
            definitions=definitions,
            keep=args.keep,
        )
        return OperatorChart(self.child(name), chart_args, after=after, opts=self.child_options())
