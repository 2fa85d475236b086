"""Kong with everything that is reached through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pydantic import Field

from infra.components.edge import kong_layout as layout
from infra.components.edge.routes_layout import PublishedPort, route_manifests
from infra.components.foundation.operator_chart import OperatorChart, OperatorChartArgs
from infra.components.foundation.operators_layout import AUTHORITY
from infra.components.foundation.operators_pods import network
from infra.core.catalog.charts import Chart
from infra.core.component import PlatformComponent
from infra.core.labels import Ownership
from infra.core.models import Args


class KongArgs(Args):
    """The gateway of an environment."""

    namespace: str = Field(description="namespace that it runs in")
    ownership: Ownership
    chart: Chart
    mode: Literal["install", "crds-only"]
    definitions: tuple[dict[str, Any], ...] = Field(description="Kong's custom resource definitions, as manifests")
    hosts: tuple[str, ...] = Field(min_length=1, description="the public host, then further names of certificates")
    keys: tuple[layout.SigningKey, ...] = Field(min_length=1, description="public keys of the identity provider")
    routes: tuple[PublishedPort, ...]
    keep: bool = Field(description="whether the definitions outlive a mistake: their objects go with them")


class Kong(PlatformComponent):
    """Kong, who may call, and for each declared route what leads there.

    Args:
        ready: for each namespace, what must exist before anything is declared in it.
        certifier: what must run before a certificate can be asked for.
        token: what CloudFront tells Kong; whoever does not know it did not come through the firewall.

    Attributes:
        recorded: the chart, if it was not installed.
    """

    DOMAIN = "edge"
    recorded: list[str]

    def __init__(
        self,
        name: str,
        args: KongArgs,
        *,
        ready: Mapping[str, Sequence[pulumi.Resource]],
        certifier: pulumi.Resource,
        token: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        home = ready[args.namespace]
        for role, manifest in network(layout.pods(args.namespace, args.routes), args.ownership):
            self.declare(role, manifest, after=ready[manifest["metadata"]["namespace"]])
        chart = self._chart(args, home)
        origin = layout.credential(args.namespace, layout.ORIGIN, "key-auth", {"key": token}, args.ownership)
        known: list[pulumi.Resource] = [*home, *chart.definitions, self.declare("key-origin", origin, after=home)]
        for role, manifest in layout.consumer_manifests(args.namespace, args.ownership, args.keys):
            known.append(self.declare(role, manifest, after=known))
        issuer = self.declare("issuer", layout.issuer_manifest(AUTHORITY, args.ownership), after=[certifier])
        for route in args.routes:
            made: list[pulumi.Resource] = [*ready[route.namespace], *chart.definitions, issuer]
            for role, manifest in route_manifests(route, args.hosts, layout.AUTHORITY):
                made.append(self.declare(f"{route.namespace}-{role}", manifest, after=made))
        self.recorded = [chart.recorded] if chart.recorded else []
        self.register_outputs({"recorded": self.recorded})

    def _chart(self, args: KongArgs, after: Sequence[pulumi.Resource]) -> OperatorChart:
        watched = [route.namespace for route in args.routes]
        chart_args = OperatorChartArgs(
            release=layout.KONG,
            namespace=args.namespace,
            chart=args.chart,
            mode=args.mode,
            values=layout.values(args.chart.footprint, args.namespace, watched, args.ownership),
            definitions=args.definitions,
            keep=args.keep,
        )
        return OperatorChart(self.child("chart"), chart_args, after=after, opts=self.child_options())
