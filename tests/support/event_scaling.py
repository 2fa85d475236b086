"""A workload that scales by everything there is, for tests of what becomes of it."""

from __future__ import annotations

from typing import Any

from infra.components.streaming.access import KafkaAccess
from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.wiring import Party
from infra.core.workload.autoscale import Autoscale, CpuUse, Cron, PrometheusQuery
from infra.core.workload.spec import Port, Probe, Probes, Replicas, Resources, SecretFiles, WorkloadSpec
from infra.stacks.files import read_catalog

BROKER = Party.of_workload("kafka", "platform-streaming").offer("clients", 9093, login="kafka")
KAFKA = KafkaAccess(bootstrap="kafka.example:9093", protocol="SASL_SSL", ca_secret="kafka-ca", offer=BROKER)
METRICS = Party.of_workload("prometheus", "platform-watch").offer("http", 9090)
USER = "price-sums"
LAG = KAFKA.lag(USER, "prices", 500, variable="KAFKA_USER")
QUERY = PrometheusQuery(
    server=METRICS, address="http://prometheus.example:9090", query="sum(rate(requests_total[1m]))", threshold=20.0
)
HOURS = Cron(start="0 7 * * 1-5", end="0 19 * * 1-5", time_zone="America/New_York", replicas=3)
CRDS = read_catalog().charts["keda"].crds


def workload(*triggers: Any, to_zero: bool = False, **changes: Any) -> WorkloadSpec:
    """A reader of Kafka that scales by these triggers, or by its CPU without any."""
    fields: dict[str, Any] = {
        "name": "sums",
        "namespace": "platform-streaming",
        "component": "testing",
        "ownership": Ownership(environment="prod", owner="team", cost_centre="cc-1"),
        "image": Image(repository="example/thing", tag="1.2.3", user=1000, group=1000, source="a test"),
        "resources": Resources(cpu_request=100, cpu_limit=200, memory=2**27),
        "replicas": Replicas(minimum=2, maximum=6),
        "ports": (Port(name="http", number=8080),),
        "serves": ("http",),
        "probes": Probes(liveness=Probe(port="http"), readiness=Probe(port="http")),
        "environment": {"KAFKA_USER": USER},
        "secret_files": (SecretFiles(secret=f"kafka-user-{USER}", mount_path="/p"), *KAFKA.ca_files()),
        "uses": (KAFKA.use(USER),),
        "autoscale": Autoscale(triggers=triggers, to_zero=to_zero) if triggers else None,
    }
    return WorkloadSpec(**{**fields, **changes})


EVERYTHING = workload(LAG, QUERY, HOURS, CpuUse(percent=60), to_zero=True)
