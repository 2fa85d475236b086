"""Backups: Velero, where its backups go, and what it backs up when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pulumi
from pydantic import Field

from infra.components.foundation import velero_layout as layout
from infra.components.foundation.operator_chart import OperatorChart, OperatorChartArgs
from infra.components.foundation.velero_layout import BackupSchedule, RecoveryLocation
from infra.core.catalog.charts import Chart
from infra.core.catalog.images import Image
from infra.core.component import PlatformComponent
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.wiring import Member


class RecoveryArgs(Args):
    """Backups of an environment."""

    ownership: Ownership
    chart: Chart
    plugin: Image = Field(description="image of the plugin for S3")
    mode: Literal["install", "crds-only"]
    location: RecoveryLocation
    velero: Member = Field(description="its place in the wiring")
    schedules: tuple[BackupSchedule, ...] = Field(min_length=1)
    keep: bool = Field(description="whether the definitions outlive a mistake: their objects go with them")


class Recovery(PlatformComponent):
    """Velero with a schedule for each tenant and for each class of data of the platform.

    Args:
        definitions: Velero's definitions, as manifests.
        snapshot_definitions: those of volume snapshots. EKS's add-on brings them; they are declared only where the
            cluster's add-ons are not installed either.
        after: what must exist before anything is declared in its namespace.

    Attributes:
        recorded: the chart, when it was not installed.
    """

    DOMAIN = "foundation"
    recorded: list[str]

    def __init__(
        self,
        name: str,
        args: RecoveryArgs,
        *,
        definitions: Sequence[dict[str, Any]],
        snapshot_definitions: Sequence[dict[str, Any]],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        for role, manifest in layout.network(args.velero):
            self.declare(role, manifest, after=after)
        chart = self._chart(args, tuple(definitions), after)
        ready = [*after, *chart.definitions]
        location = self.declare("location", layout.location_manifest(args.location, args.ownership), after=ready)
        for schedule in args.schedules:
            self.declare(f"schedule-{schedule.name}", layout.schedule_manifest(schedule), after=[*ready, location])
        brought = [] if args.mode == "install" else [self._definition(each) for each in snapshot_definitions]
        self.declare("snapshot-class", layout.snapshot_class_manifest(args.ownership), after=[*after, *brought])
        self.recorded = [chart.recorded] if chart.recorded else []
        self.register_outputs({"recorded": self.recorded})

    def _chart(
        self, args: RecoveryArgs, definitions: tuple[dict[str, Any], ...], after: Sequence[pulumi.Resource]
    ) -> OperatorChart:
        chart_args = OperatorChartArgs(
            release=layout.NAME,
            namespace=layout.NAMESPACE,
            chart=args.chart,
            mode=args.mode,
            values=layout.values(args.chart.footprint, args.plugin, args.ownership),
            definitions=definitions,
            keep=args.keep,
        )
        return OperatorChart(self.child(layout.NAME), chart_args, after=after, opts=self.child_options())

    def _definition(self, definition: dict[str, Any]) -> pulumi.Resource:
        return self.declare(f"crd-{definition['spec']['names']['singular']}", definition)
