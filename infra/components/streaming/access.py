"""How a client reaches Kafka, whatever kind of Kafka the environment has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.wiring import Edge, KafkaLogin, Member, Offer, Party, Use
from infra.core.workload.autoscale import Autoscale, KafkaLag
from infra.core.workload.secret_key import SecretKey
from infra.core.workload.service import prefix
from infra.core.workload.spec import Replicas, SecretFiles

NAMESPACE = "platform-streaming"
CLUSTER = "kafka"
MECHANISM = "SCRAM-SHA-512"
PASSWORD_KEY = "password"  # noqa: S105 - the name of a key
KAFKA_USER_LABEL = "platform/kafka-user"
CA_PATH = "/etc/kafka-ca"
CA_FILE = "ca.crt"
"""Key of the Secret in which Strimzi publishes the cluster's CA (Strimzi 1.2.0, configuring client trust)."""


class KafkaAccess(Args):
    """Where Kafka listens and how clients prove who they are: SCRAM-SHA-512, over TLS where there is a CA."""

    bootstrap: str = Field(description="host:port")
    protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"]
    ca_secret: str | None = Field(default=None, description="Secret with the CA's certificate")
    offer: Offer = Field(description="the listener, for the wiring")

    def use(self, user: str) -> Use:
        """The listener, used as that Kafka user."""
        return self.offer.use(KafkaLogin(user=user))

    def ca_files(self) -> tuple[SecretFiles, ...]:
        """Mount of the CA's certificate, where there is one."""
        return (SecretFiles(secret=self.ca_secret, mount_path=CA_PATH),) if self.ca_secret else ()

    def lag(self, user: str, topic: str, records: int, *, variable: str) -> KafkaLag:
        """Scaling by how far the user's consumer group, which has its name, is behind on a topic.

        Args:
            user: the Kafka user.
            topic: topic that the group reads.
            records: records that one replica may be behind.
            variable: variable of the container that holds the user's name.
        """
        return KafkaLag(
            listener=self.use(user),
            bootstrap=self.bootstrap,
            user_variable=variable,
            password=password_of(user),
            authority=SecretKey(secret=self.ca_secret, key=CA_FILE) if self.ca_secret else None,
            topic=topic,
            group=user,
            records=records,
        )


def lag_scaling(
    kafka: KafkaAccess, user: str, topics: Sequence[str], records: int, replicas: Replicas
) -> Autoscale | None:
    """Scaling of a service of ours by how far its group is behind; None where it does not scale.

    Where Kafka has no operator, KEDA is not there either, and the service scales by CPU use.

    Args:
        kafka: the Kafka that it reads.
        user: its Kafka user, which its consumer group has the name of, as has the service itself.
        topics: topics that it reads.
        records: records of a topic that one replica may be behind.
        replicas: how many there are.
    """
    if replicas.minimum == replicas.maximum or kafka.ca_secret is None:
        return None
    variable = f"{prefix(user)}KAFKA_SASL_USERNAME"
    return Autoscale(triggers=tuple(kafka.lag(user, topic, records, variable=variable) for topic in topics))


def tenant_client(user: str, namespace: str) -> Party:
    """Pods of a tenant that may reach Kafka: those that say by a label as which user, and run under its account."""
    return Party(name=user, namespace=namespace, selector={KAFKA_USER_LABEL: user}, account=tenant_account(user))


def tenant_account(user: str) -> str:
    """ServiceAccount under which a tenant's pods use Kafka: tenants cannot make accounts, so nobody else has it."""
    return f"kafka-{user}"


def tenant_edge(client: Party, access: KafkaAccess) -> Edge:
    """The connection of a tenant's pods to Kafka, as the user that they are named after."""
    return Edge(client=client, offer=access.offer, login=KafkaLogin(user=client.name))


def tenant_member(client: Party, access: KafkaAccess, ownership: Ownership) -> Member:
    """A tenant's pods in the graph; the catalog's entry of the user is their declaration."""
    return Member(
        party=client,
        component="streaming",
        ownership=ownership,
        edges=(tenant_edge(client, access),),
        file="infra/catalog/kafka-users.yaml",
        entry=f"users.{client.name}",
    )


def credential_secret(user: str) -> str:
    """Name of the Secret with a Kafka user's password."""
    return f"kafka-user-{user}"


def password_of(user: str) -> SecretKey:
    """Reference to a Kafka user's password."""
    return SecretKey(secret=credential_secret(user), key=PASSWORD_KEY)


def kafka_settings(kafka: KafkaAccess, user: str) -> dict[str, str]:
    """How a service of ours reaches Kafka as a user, without its prefix; the password comes from a Secret."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "KAFKA_SECURITY_PROTOCOL": kafka.protocol,
        "KAFKA_SASL_MECHANISM": MECHANISM,
        "KAFKA_SASL_USERNAME": user,
        **({"KAFKA_CA_FILE": f"{CA_PATH}/{CA_FILE}"} if kafka.ca_secret else {}),
    }
