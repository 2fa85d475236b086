"""stream-gateway, the platform's door for live data, as a workload."""

from __future__ import annotations

from pydantic import Field

from infra.components.streaming.access import NAMESPACE, KafkaAccess
from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.workload.route import Route
from infra.core.workload.spec import Port, Probe, Probes, Replicas, Resources, WorkloadSpec

NAME = "stream-gateway"
PORT = 8080
GRACE_SECONDS = 30
ROUTE = Route(
    path="/stream/ws",
    upstream_path="/ws/stream",
    requests_per_minute=60,
    methods=("GET",),
    websocket=True,
    timeout_seconds=60,
)
"""Each request is a connection that lasts: 60 of one token in a minute are more than a page that reconnects needs."""


class StreamGatewayArgs(Args):
    """The service; sizes in millicores and bytes."""

    image: Image
    ownership: Ownership
    replicas: Replicas
    zones: int = Field(ge=1)
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)


def gateway_spec(args: StreamGatewayArgs, kafka: KafkaAccess) -> WorkloadSpec:
    """The workload. Its settings and endpoints are described in apps/services/stream_gateway/README.md."""
    return WorkloadSpec(
        name=NAME,
        namespace=NAMESPACE,
        component="streaming",
        ownership=args.ownership,
        image=args.image,
        replicas=args.replicas,
        zones=args.zones,
        resources=Resources(cpu_request=args.cpu, cpu_limit=args.cpu * 4, memory=args.memory),
        ports=(Port(name="http", number=PORT, route=ROUTE),),
        probes=Probes(liveness=Probe(port="http", path="/healthz"), readiness=Probe(port="http", path="/readyz")),
        environment={
            "STREAM_GATEWAY_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "STREAM_GATEWAY_GRACE_SECONDS": str(GRACE_SECONDS),
        },
        uses=(kafka.use(NAME),),
        serves=("http",),
        grace_seconds=GRACE_SECONDS,
    )
