"""An operator: its custom resource definitions, and its Helm chart where operators are installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pydantic import Field

from infra.core.catalog.charts import Chart
from infra.core.component import PlatformComponent
from infra.core.kubernetes_object import KubernetesObject
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
        definitions: the CRDs, which custom resources depend on.
        recorded: the chart's reference when it was not installed, else None.
    """

    DOMAIN = "foundation"
    definitions: tuple[KubernetesObject, ...]
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
            self._install(args, [*after, *self.definitions])
            self.recorded = None
        self.register_outputs({"recorded": self.recorded})

    def _install(self, args: OperatorChartArgs, after: Sequence[pulumi.Resource]) -> None:
        # Only an installing stack pays for the import of the Helm classes.
        from pulumi_kubernetes.helm.v4 import Chart as HelmChart  # noqa: PLC0415

        values: Mapping[str, Any] = args.values
        HelmChart(
            args.release,
            chart=args.chart.chart,
            version=args.chart.version,
            namespace=args.namespace,
            skip_crds=True,
            values=values,
            opts=self.child_options(after=after),
        )
