"""stream-analytics, which sums up the streams in windows of time, as a workload."""

from __future__ import annotations

from infra.components.streaming.access import NAMESPACE, KafkaAccess, kafka_settings, password_of
from infra.core.workload.service import ServiceArgs, prefix, service_spec
from infra.core.workload.spec import WorkloadSpec

NAME = "stream-analytics"


def stream_analytics_spec(args: ServiceArgs, kafka: KafkaAccess) -> WorkloadSpec:
    """The workload."""
    return service_spec(
        args,
        name=NAME,
        namespace=NAMESPACE,
        component="streaming",
        environment=kafka_settings(kafka, NAME),
        pod_name_variable=f"{prefix(NAME)}POD_NAME",
        secrets={"KAFKA_SASL_PASSWORD": password_of(NAME)},
        secret_files=kafka.ca_files(),
        uses=(kafka.use(NAME),),
    )
