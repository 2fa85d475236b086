"""Alarms of CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import cloudwatch

from infra.components.foundation.alarms_layout import AlarmSpec
from infra.core.component import PlatformComponent


class Alarms(PlatformComponent):
    """Alarms that tell one topic when they begin and when they end. Silence is no alarm: idle things report nothing.

    Args:
        name: name in the URN.
        prefix: beginning of the alarms' names.
        specs: the alarms.
        topic_arn: topic of the alarms' region.
        subjects: what the specs are about where only AWS knows its id, by name.
        opts: options of the component.

    Raises:
        KeyError: a spec is about something that is not given.
    """

    DOMAIN = "foundation"

    def __init__(
        self,
        name: str,
        *,
        prefix: str,
        specs: Sequence[AlarmSpec],
        topic_arn: pulumi.Input[str],
        subjects: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        for spec in specs:
            self._alarm(f"{prefix}-{spec.name}", spec, topic_arn, subjects)
        self.register_outputs({"alarms": [spec.name for spec in specs]})

    def _alarm(
        self, name: str, spec: AlarmSpec, topic_arn: pulumi.Input[str], subjects: Mapping[str, pulumi.Input[str]]
    ) -> None:
        dimensions: dict[str, pulumi.Input[str]] = {**spec.dimensions}
        if spec.subject is not None and spec.subject_of is not None:
            dimensions[spec.subject] = subjects[spec.subject_of]
        cloudwatch.MetricAlarm(
            self.child(spec.name),
            name=name,
            alarm_description=spec.description,
            namespace=spec.namespace,
            metric_name=spec.metric,
            dimensions=dimensions,
            statistic=spec.statistic,
            comparison_operator=spec.comparison,
            threshold=spec.threshold,
            period=spec.period,
            evaluation_periods=spec.periods,
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            opts=self.child_options(),
        )
