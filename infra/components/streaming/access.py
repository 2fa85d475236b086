"""How a client reaches Kafka, whatever kind of Kafka the environment has."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from infra.core.models import Args
from infra.core.wiring import Offer, Party
from infra.core.workload.spec import SecretFiles, SecretKey

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

    def ca_files(self) -> tuple[SecretFiles, ...]:
        """Mount of the CA's certificate, where there is one."""
        return (SecretFiles(secret=self.ca_secret, mount_path=CA_PATH),) if self.ca_secret else ()


def tenant_client(user: str, namespace: str) -> Party:
    """Pods of a tenant that may reach Kafka: those that say, by a label, as which user they do."""
    return Party(name=user, namespace=namespace, selector={KAFKA_USER_LABEL: user})


def credential_secret(user: str) -> str:
    """Name of the Secret with a Kafka user's password."""
    return f"kafka-user-{user}"


def password_of(user: str) -> SecretKey:
    """Reference to a Kafka user's password."""
    return SecretKey(secret=credential_secret(user), key=PASSWORD_KEY)
