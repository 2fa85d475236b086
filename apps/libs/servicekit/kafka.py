"""Kafka as a backing service: its settings and whether it can be reached."""

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from servicekit.health import Check


class Server(NamedTuple):
    """Where one Kafka bootstrap server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class KafkaSettings(BaseModel):
    """How to reach Kafka."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: str = Field(
        description="Comma-separated host:port of the servers that a client asks first",
        examples=["kafka-0.kafka:9092,kafka-1.kafka:9092"],
    )
    check_timeout_seconds: float = Field(
        default=2.0,
        ge=0.1,
        le=10,
        description="Seconds after which the readiness check gives up; keep it under the probe's timeoutSeconds.",
    )

    security_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How a connection is protected; SASL_PLAINTEXT only where a mesh encrypts."
    )
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256"] = Field(
        default="SCRAM-SHA-512", description="How the password is proved."
    )
    sasl_username: str | None = Field(default=None, min_length=1, description="Kafka user; with SASL only.")
    sasl_password: SecretStr | None = Field(default=None, description="Password of the Kafka user; with SASL only.")
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the brokers' certificates; with SASL_SSL only."
    )

    @field_validator("bootstrap_servers")
    @classmethod
    def _must_be_host_and_port(cls, value: str) -> str:
        parse_servers(value)
        return value

    @model_validator(mode="after")
    def _credentials_must_fit_the_protocol(self) -> Self:
        sasl = self.security_protocol.startswith("SASL_")
        password = self.sasl_password is not None and self.sasl_password.get_secret_value() != ""
        if sasl and not (self.sasl_username and password):
            raise ValueError(f"security_protocol {self.security_protocol} needs sasl_username and sasl_password")
        if not sasl and (self.sasl_username or password):
            raise ValueError(
                f"sasl_username and sasl_password are never sent with security_protocol {self.security_protocol}: "
                "set SASL_SSL or SASL_PLAINTEXT, or remove them"
            )
        if self.ca_file and self.security_protocol != "SASL_SSL":
            raise ValueError(f"ca_file is not used with security_protocol {self.security_protocol}: set SASL_SSL")
        if self.ca_file and not self.ca_file.is_file():
            raise ValueError(f"ca_file {str(self.ca_file)!r}: no such file; mount the authority's PEM file there")
        return self

    def client_config(self) -> dict[str, Any]:
        """What every client of librdkafka (confluent-kafka) is told; passwords are in the clear in it.

        Reconnects back off from 0.1 s to 5 s, with the jitter of librdkafka's own (-25 % to +50 %).
        """
        config: dict[str, Any] = {
            "bootstrap.servers": ",".join(str(server) for server in self.servers),
            "security.protocol": self.security_protocol,
            "reconnect.backoff.ms": 100,
            "reconnect.backoff.max.ms": 5000,
            "socket.keepalive.enable": True,
            # By default its log goes to standard error, past redaction.
            "logger": logging.getLogger("librdkafka"),
            # Errors come by the callbacks too, and are told once and not at every attempt.
            "log_level": 2,
        }
        if self.sasl_password is not None and self.security_protocol.startswith("SASL_"):
            config |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password.get_secret_value(),
            }
        if self.ca_file:
            config["ssl.ca.location"] = str(self.ca_file)
        return config

    @property
    def servers(self) -> tuple[Server, ...]:
        """The bootstrap servers in the order given."""
        return parse_servers(self.bootstrap_servers)


def parse_servers(text: str) -> tuple[Server, ...]:
    """Read ``host:port,host:port``; IPv6 addresses stand in brackets.

    Raises:
        ValueError: an entry is not host:port, or its port is not 1-65535.
    """
    servers = []
    for entry in (part.strip() for part in text.split(",")):
        host, colon, port = entry.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not colon or not bare or "/" in host or (":" in host and bare == host):
            raise ValueError(f"{entry!r} is not host:port")
        if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65535):
            raise ValueError(f"{entry!r}: the port must be 1-65535")
        servers.append(Server(bare, int(port)))
    return tuple(servers)


def kafka_check(settings: KafkaSettings) -> Check:
    """A readiness check that passes as soon as one bootstrap server accepts a TCP connection.

    One is enough: that is all a client needs to learn of the other brokers.
    """

    async def probe() -> None:
        attempts = [asyncio.ensure_future(_connect(server)) for server in settings.servers]
        refusals = []
        try:
            for finished in asyncio.as_completed(attempts):
                refusal = await finished
                if refusal is None:
                    return
                refusals.append(refusal)
        finally:
            for attempt in attempts:
                attempt.cancel()
        raise ConnectionError("; ".join(refusals))

    return Check(
        name="kafka",
        target=", ".join(str(server) for server in settings.servers),
        probe=probe,
        timeout_seconds=settings.check_timeout_seconds,
    )


async def _connect(server: Server) -> str | None:
    """Why the server cannot be reached, or None when it can."""
    try:
        _, writer = await asyncio.open_connection(server.host, server.port)
    except OSError as error:
        return f"{server}: {_reason(error)}"
    writer.close()
    return None


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"the name does not resolve ({error.strerror})"
    return os.strerror(error.errno).lower() if error.errno else str(error)
