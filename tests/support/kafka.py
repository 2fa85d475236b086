"""A real broker for tests: the program's own broker, with its settings, on ports of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from infra.components.streaming.access import MECHANISM
from infra.components.streaming.single_broker import ADMIN, SCRIPTS, SETTINGS, server_properties, start_script
from sandbox.control_plane.ports import free_port
from sandbox.tools.java import find_java
from sandbox.tools.kafka import resolve_kafka
from tests.support.server_process import ServerProcess

ADMIN_PASSWORD = "password-of-the-tests-administrator"
HEAP = "-Xms256m -Xmx256m"
# What a broker waits for that no test wants to: three seconds for others to join a new group, six at least until a
# member that was killed is given up, and nine until it believes that the broker of its name, which was killed, is gone.
_HASTY = {
    "group.min.session.timeout.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    "broker.heartbeat.interval.ms": "200",
    "broker.session.timeout.ms": "1000",
}
CLUSTER_ID = "dGVzdHMtb2Yta2Fma2EtMQ"


@dataclass
class Broker:
    """One broker, which can be killed and started again on the same ports with the same data.

    Attributes:
        bootstrap: where clients log in by SCRAM, as those of the platform do.
        plain: where whoever comes is anonymous and may do everything: for tests that are not about permissions.
        process: the process.
        passwords: password of each user that the tests made, by name.
    """

    folder: Path
    bootstrap: str
    plain: str
    process: ServerProcess
    passwords: dict[str, str] = field(default_factory=lambda: {ADMIN: ADMIN_PASSWORD})

    def start(self) -> None:
        """Start it and wait until it answers (4 s, after a kill 6 s)."""
        self.process.start(self._answers)

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        self.process.kill()

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.process.stop()

    def _answers(self) -> bool:
        try:
            self.admin().list_topics(timeout=1)
        except KafkaException:
            return False
        return True

    def client(self, user: str = ADMIN, **settings: Any) -> dict[str, Any]:
        """Configuration of a librdkafka client that logs in as that user."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": MECHANISM,
            "sasl.username": user,
            "sasl.password": self.passwords[user],
            "log_level": 0,
            "reconnect.backoff.max.ms": 500,
            **settings,
        }

    def environment(self, prefix: str, user: str | None = None) -> dict[str, str]:
        """Variables of a service's Kafka settings; without a user for the listener that asks for none."""
        if user is None:
            return {f"{prefix}KAFKA_BOOTSTRAP_SERVERS": self.plain}
        return {
            f"{prefix}KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            f"{prefix}KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            f"{prefix}KAFKA_SASL_USERNAME": user,
            f"{prefix}KAFKA_SASL_PASSWORD": self.passwords[user],
        }

    def admin(self) -> AdminClient:
        """A client that may do everything."""
        return AdminClient({"bootstrap.servers": self.plain, "log_level": 0, "socket.timeout.ms": 10_000})

    def create_topics(self, *names: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> None:
        """Make topics; one that exists stays as it is."""
        wanted = [NewTopic(name, partitions, 1, config=dict(config or {})) for name in names]
        admin = self.admin()  # it must outlive its answers
        for future in admin.create_topics(wanted).values():
            try:
                future.result()
            except KafkaException as error:
                if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                    raise

    def create_user(self, name: str, *, password: str | None = None) -> str:
        """Make a user, who may do nothing yet; its password."""
        self.passwords[name] = password or f"password-of-{name}"
        secret = self.passwords[name].encode()
        credential = UserScramCredentialUpsertion(name, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), secret)
        admin = self.admin()
        for future in admin.alter_user_scram_credentials([credential]).values():
            future.result()
        return self.passwords[name]

    def allow(self, user: str, kind: str, name: str, *operations: str, prefix: bool = False) -> None:
        """Let a user do something with a topic, group or transactional id, in the words of Kafka's ACLs."""
        pattern = ResourcePatternType.PREFIXED if prefix else ResourcePatternType.LITERAL
        bindings = [
            AclBinding(
                ResourceType[kind.upper()],
                name,
                pattern,
                f"User:{user}",
                "*",
                AclOperation[operation.upper()],
                AclPermissionType.ALLOW,
            )
            for operation in operations
        ]
        admin = self.admin()
        for future in admin.create_acls(bindings).values():
            future.result()

    def write(self, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Write records of key and value, and wait until the broker has them all."""
        producer = Producer({"bootstrap.servers": self.plain, "linger.ms": 5, "log_level": 0})
        failed: list[str] = []
        for key, value in records:
            while True:
                try:
                    producer.produce(
                        topic, value, key, on_delivery=lambda error, _: failed.append(str(error)) if error else None
                    )
                except BufferError:
                    producer.poll(0.1)
                else:
                    break
        assert producer.flush(30) == 0
        assert not failed, failed[:3]

    def read(self, topic: str, *, count: int | None = None, seconds: float = 10.0, committed: bool = True) -> list[Any]:
        """Every record of a topic in the order of each partition, or the first ``count``; waits for these.

        Args:
            topic: what is read.
            count: how many to wait for; None reads what is there now.
            seconds: how long to wait.
            committed: whether records of transactions that are open or were aborted are left out.
        """
        isolation = "read_committed" if committed else "read_uncommitted"
        consumer = Consumer(
            {
                "bootstrap.servers": self.plain,
                "group.id": "reader-of-the-tests",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": isolation,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
                "log_level": 0,
            }
        )
        try:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
            return _drained(consumer, len(partitions), count, seconds)
        finally:
            consumer.close()

    async def read_async(self, topic: str, *, count: int, seconds: float = 10.0) -> list[Any]:
        """As ``read``, beside other tasks of the loop."""
        return await asyncio.to_thread(self.read, topic, count=count, seconds=seconds)


def _drained(consumer: Consumer, partitions: int, count: int | None, seconds: float) -> list[Any]:
    records: list[Any] = []
    ended: set[int] = set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (len(ended) == partitions) if count is None else (len(records) >= count):
            break
        for message in consumer.consume(1000, timeout=0.1):
            error = message.error()
            if error is None:
                records.append(message)
            elif error.name() == "_PARTITION_EOF":
                ended.add(message.partition())
            else:
                raise KafkaException(error)
    return records if count is None else records[:count]


@contextmanager
def running_kafka(folder: Path) -> Iterator[Broker]:
    """A broker that keeps its data in ``folder`` and runs until the block ends, or its parent does."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = {"clients": free_port(), "controller": free_port(), "internal": free_port()}
    (folder / "server.properties").write_text(_properties(folder, ports))
    home = resolve_kafka(print)
    script = folder / "start.sh"
    script.write_text(start_script().replace(SETTINGS, str(folder)).replace(SCRIPTS, str(home / "bin")))
    environment = {
        "PATH": os.environ["PATH"],
        "JAVA_HOME": str(find_java(print).parents[1]),
        "KAFKA_HEAP_OPTS": HEAP,
        "CLUSTER_ID": CLUSTER_ID,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
    }
    process = ServerProcess(["/bin/bash", str(script)], folder, environment, folder / "broker.log")
    broker = Broker(folder, f"127.0.0.1:{ports['clients']}", f"127.0.0.1:{ports['internal']}", process)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def _properties(folder: Path, ports: Mapping[str, int]) -> str:
    """The program's settings; only addresses and the place of the data are this machine's."""
    clients, controller, internal = (f"127.0.0.1:{ports[name]}" for name in ("clients", "controller", "internal"))
    listeners = f"CLIENTS://{clients},INTERNAL://{internal}"
    local = {
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"{listeners},CONTROLLER://{controller}",
        "advertised.listeners": listeners,
        "log.dirs": str(folder / "data"),
        **_HASTY,
    }
    lines = (line.partition("=") for line in server_properties().splitlines())
    settings = {name: value for name, _, value in lines}
    assert local.keys() - _HASTY.keys() <= settings.keys()
    return "".join(f"{name}={value}\n" for name, value in {**settings, **local}.items())
