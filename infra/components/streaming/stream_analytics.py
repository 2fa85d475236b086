"""stream-analytics, which sums up the streams in windows of time, as a workload."""

from __future__ import annotations

from infra.components.streaming.access import NAMESPACE, KafkaAccess, kafka_settings, lag_scaling, password_of
from infra.core.workload.service import ServiceArgs, prefix, service_spec
from infra.core.workload.spec import WorkloadSpec

NAME = "stream-analytics"
READS = ("commodity-prices", "ISO_RT_LMP")
BEHIND = 50_000
"""Records of a topic that one replica may be behind: fewer than one process sums up in a second (README, measured)."""


def stream_analytics_spec(args: ServiceArgs, kafka: KafkaAccess) -> WorkloadSpec:
    """The workload."""
    return service_spec(
        args,
        name=NAME,
        namespace=NAMESPACE,
        component="streaming",
        autoscale=lag_scaling(kafka, NAME, READS, BEHIND, args.replicas),
        environment=kafka_settings(kafka, NAME),
        pod_name_variable=f"{prefix(NAME)}POD_NAME",
        secrets={"KAFKA_SASL_PASSWORD": password_of(NAME)},
        secret_files=kafka.ca_files(),
        uses=(kafka.use(NAME),),
    )
