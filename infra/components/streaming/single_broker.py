"""Kafka without an operator: one KRaft broker, for environments on one machine."""

from __future__ import annotations

import base64
import hashlib

from pydantic import Field

from infra.components.streaming.access import CLUSTER, MECHANISM, NAMESPACE, KafkaAccess, password_of
from infra.core.catalog.images import Image
from infra.core.names import PROJECT, service_host
from infra.core.wiring import Party
from infra.core.workload.spec import ConfigFiles, Port, Probe, Probes, Scratch, WorkloadSpec
from infra.core.workload.store import StoreArgs, store_spec

ADMIN = "admin"
CLIENT_PORT = 9092
SETTINGS = "/etc/kafka/platform"
DATA = "/var/lib/kafka/data"
SCRIPTS = "/opt/kafka/bin"
MEBIBYTE = 1024**2
INTERNAL_PARTITIONS = 3
"""Partitions of the topics that Kafka keeps for itself, by default 50 each: what spreads a load over many brokers only
takes files and, after a crash, time of one."""


class SingleBrokerArgs(StoreArgs):
    """One broker; sizes in millicores and bytes."""

    admin_image: Image = Field(description="image of kafka-admin, which makes topics and users")


def access() -> KafkaAccess:
    """How clients reach the broker: SCRAM without TLS, inside the machine."""
    offer = Party.of_workload(CLUSTER, NAMESPACE).offer("clients", CLIENT_PORT, login="kafka")
    host = service_host(CLUSTER, NAMESPACE)
    return KafkaAccess(bootstrap=f"{host}:{CLIENT_PORT}", protocol="SASL_PLAINTEXT", offer=offer)


def broker_spec(args: SingleBrokerArgs) -> WorkloadSpec:
    """The broker as a workload. Its heap is half of its memory; the other half is page cache."""
    heap = args.memory // 2 // MEBIBYTE
    return store_spec(
        args,
        name=CLUSTER,
        namespace=NAMESPACE,
        component="streaming",
        priority="platform-critical",
        command=("/bin/bash", f"{SETTINGS}/start.sh"),
        volume=DATA,
        burst=2,
        ports=(Port(name="clients", number=CLIENT_PORT, login="kafka"),),
        probes=Probes(
            liveness=Probe(port="clients", period_seconds=20),
            readiness=Probe(port="clients"),
            startup=Probe(port="clients", period_seconds=5, failure_threshold=60),
        ),
        environment={
            "CLUSTER_ID": cluster_id(args.ownership.environment),
            "KAFKA_HEAP_OPTS": f"-Xms{heap}m -Xmx{heap}m",
            "LOG_DIR": "/tmp/logs",  # noqa: S108 - a directory of the pod's own
        },
        secret_environment={"ADMIN_PASSWORD": password_of(ADMIN)},
        config_files=ConfigFiles(
            mount_path=SETTINGS, files={"server.properties": server_properties(), "start.sh": start_script()}
        ),
        scratch=(Scratch(mount_path="/tmp", size=256 * MEBIBYTE),),  # noqa: S108 - likewise
        serves=("clients",),
        grace_seconds=60,
    )


def cluster_id(environment: str) -> str:
    """Kafka's id of the cluster: 16 bytes in URL-safe base64, the same for every broker and every start."""
    digest = hashlib.sha256(f"{PROJECT}/{environment}/{CLUSTER}".encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=").replace("-", "A")


def server_properties() -> str:
    """Configuration of the broker (Kafka, Broker Configs).

    Clients authenticate by SCRAM. The controller and the broker's talk to itself listen on the loopback interface
    only, so that they need no password in a file; whoever comes in there is anonymous, and trusted.
    """
    host = f"{CLUSTER}-0.{service_host(CLUSTER, NAMESPACE)}"
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": "1@localhost:9093",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"CLIENTS://:{CLIENT_PORT},CONTROLLER://localhost:9093,INTERNAL://localhost:9094",
        "advertised.listeners": f"CLIENTS://{host}:{CLIENT_PORT},INTERNAL://localhost:9094",
        "inter.broker.listener.name": "INTERNAL",
        "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT",
        "sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.clients.{MECHANISM.lower()}.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.num.partitions": INTERNAL_PARTITIONS,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": INTERNAL_PARTITIONS,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": INTERNAL_PARTITIONS,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "log.dirs": f"{DATA}/log",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def start_script() -> str:
    """Formats the storage at the first start, with the administrator in it, and becomes the broker."""
    properties = f"{SETTINGS}/server.properties"
    return (
        "#!/bin/bash\n"
        "set -euo pipefail\n"
        f'{SCRIPTS}/kafka-storage.sh format --ignore-formatted --cluster-id "$CLUSTER_ID" --config {properties} \\\n'
        # It would print the keys that it derives from the password.
        f'  --add-scram "{MECHANISM}=[name={ADMIN},password=$ADMIN_PASSWORD]" > /dev/null\n'
        f"exec {SCRIPTS}/kafka-server-start.sh {properties}\n"
    )
