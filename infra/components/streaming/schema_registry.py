"""The schema registry as a workload: Karapace, which speaks Confluent's API under the Apache licence."""

from __future__ import annotations

from pydantic import Field

from infra.components.streaming.access import CA_FILE, CA_PATH, MECHANISM, NAMESPACE, KafkaAccess, password_of
from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.workload.spec import Port, Probe, Probes, Replicas, Resources, Scratch, WorkloadSpec

NAME = "schema-registry"
PORT = 8081
TOPIC = "_schemas"
HEALTH = "/_health"
RUNTIME = "/tmp/runtime"  # noqa: S108 - a directory of the pod's own


class SchemaRegistryArgs(Args):
    """The registry; sizes in millicores and bytes."""

    image: Image
    ownership: Ownership
    replicas: int = Field(ge=1)
    zones: int = Field(ge=1)
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)
    replication: int = Field(ge=1, description="copies of its topic")


def registry_spec(args: SchemaRegistryArgs, kafka: KafkaAccess) -> WorkloadSpec:
    """The workload. Settings are Karapace's (version 6.1.4, src/karapace/core/config.py)."""
    environment = {
        "KARAPACE_KARAPACE_REGISTRY": "true",
        "KARAPACE_HOST": "0.0.0.0",  # noqa: S104 - inside the pod; network policies say who may reach it
        "KARAPACE_PORT": str(PORT),
        "KARAPACE_BOOTSTRAP_URI": kafka.bootstrap,
        "KARAPACE_SECURITY_PROTOCOL": kafka.protocol,
        "KARAPACE_SASL_MECHANISM": MECHANISM,
        "KARAPACE_SASL_PLAIN_USERNAME": NAME,
        "KARAPACE_TOPIC_NAME": TOPIC,
        "KARAPACE_REPLICATION_FACTOR": str(args.replication),
        "KARAPACE_GROUP_ID": NAME,
        "KARAPACE_CLIENT_ID": NAME,
        "KARAPACE_COMPATIBILITY": "BACKWARD",
        "KARAPACE_LOG_LEVEL": "INFO",
        "KARAPACE_PROTOBUF_RUNTIME_DIRECTORY": RUNTIME,
        **({"KARAPACE_SSL_CAFILE": f"{CA_PATH}/{CA_FILE}"} if kafka.ca_secret else {}),
    }
    return WorkloadSpec(
        name=NAME,
        namespace=NAMESPACE,
        component="streaming",
        ownership=args.ownership,
        image=args.image,
        command=("python3", "-m", "karapace"),
        replicas=Replicas(minimum=args.replicas, maximum=args.replicas),
        zones=args.zones,
        resources=Resources(cpu_request=args.cpu, cpu_limit=args.cpu * 4, memory=args.memory),
        ports=(Port(name="http", number=PORT),),
        probes=Probes(
            # An outage of Kafka makes the registry unready; restarting it would not help.
            liveness=Probe(port="http", period_seconds=20),
            readiness=Probe(port="http", path=HEALTH),
            startup=Probe(port="http", period_seconds=5, failure_threshold=60),
        ),
        environment=environment,
        # Followers send writes to the leader under the address that it advertises.
        pod_ip_variable="KARAPACE_ADVERTISED_HOSTNAME",
        secret_environment={"KARAPACE_SASL_PLAIN_PASSWORD": password_of(NAME)},
        secret_files=kafka.ca_files(),
        scratch=(Scratch(mount_path="/tmp", size=128 * 1024**2),),  # noqa: S108 - likewise
        uses=(kafka.use(NAME),),
        serves=("http",),
        peers=("http",) if args.replicas > 1 else (),
    )
