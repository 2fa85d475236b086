"""An operator: its custom resource definitions, and its Helm chart where operators are installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pydantic import Field

from infra.core.catalog.charts import Chart
from infra.core.component import PlatformComponent
from infra.core.models import Args


class OperatorChartArgs(Args):
    """One operator.

    The values are the chart's own; what its footprint says (replicas, requests and limits) is already in them.
    """

    release: str = Field(description="release name")
    namespace: str = Field(description="namespace that the operator runs in")
    chart: Chart
    mode: Literal["install", "crds-only"]
    values: dict[str, Any] = Field(default_factory=dict, description="values of the chart")
    definitions: tuple[dict[str, Any], ...] = Field(description="custom resource definitions, as manifests")
    keep: bool = Field(
        default=True, description="whether the definitions outlive a mistake: their objects go with them"
    )


class OperatorChart(PlatformComponent):
    """CRDs always, as objects of their own so that an upgrade of them shows in the preview; the chart where installed.

    Attributes:
        definitions: what custom resources depend on: their CRDs, and the chart where it is installed, so that on a
            teardown the operator is still there to finish with them.
        recorded: the chart's reference when it was not installed, else None.
    """

    DOMAIN = "foundation"
    definitions: tuple[pulumi.Resource, ...]
    recorded: str | None

    def __init__(
        self,
        name: str,
        args: OperatorChartArgs,
        *,
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        self.definitions = tuple(
            self.declare(f"crd-{definition['spec']['names']['singular']}", definition, keep=args.keep)
            for definition in args.definitions
        )
        self.recorded = f"{args.chart.chart}:{args.chart.version}"
        if args.mode == "install":
            self.definitions += (self._install(args, [*after, *self.definitions]),)
            self.recorded = None
        self.register_outputs({"recorded": self.recorded})

    def _install(self, args: OperatorChartArgs, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        # Only an installing stack pays for the import of the Helm classes.
        from pulumi_kubernetes.helm.v4 import Chart as HelmChart  # noqa: PLC0415

        values: Mapping[str, Any] = args.values
        chart: pulumi.Resource = HelmChart(
            args.release,
            chart=args.chart.chart,
            version=args.chart.version,
            namespace=args.namespace,
            skip_crds=True,
            values=values,
            opts=self.child_options(after=after),
        )
        return chart
