"""Redis as a backing service: its settings, its clients, and whether it can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import redis
import redis.asyncio
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from redis.backoff import NoBackoff
from redis.retry import Retry
from servicekit.health import Check


class RedisSettings(BaseModel):
    """How to reach Redis."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1, description="Host of Redis.", examples=["redis"])
    port: int = Field(default=6379, ge=1, le=65535, description="Its port.")
    username: str | None = Field(default=None, min_length=1, description="User of its access control list.")
    password: SecretStr | None = Field(default=None, description="The user's password.")
    database: int = Field(default=0, ge=0, le=15, description="Number of the database.")
    tls: bool = Field(default=False, description="Whether connections are encrypted and the server's name is checked.")
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate; with tls only."
    )
    connections: int = Field(default=32, ge=1, le=1000, description="Connections at most; who finds none free waits.")
    connect_seconds: float = Field(default=1.0, gt=0, le=30, description="How long connecting may take.")
    timeout_seconds: float = Field(
        default=0.25, gt=0, le=30, description="How long an answer may take, waiting included."
    )

    @model_validator(mode="after")
    def _must_fit(self) -> Self:
        if self.ca_file and not self.tls:
            raise ValueError("ca_file is not used without tls: set tls, or remove it")
        if self.ca_file and not self.ca_file.is_file():
            raise ValueError(f"ca_file {str(self.ca_file)!r}: no such file; mount the authority's PEM file there")
        if self.username and not self.password:
            raise ValueError("username needs a password")
        return self

    def options(self) -> dict[str, Any]:
        """What a client of redis-py is told; the password is in the clear in it."""
        options: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "db": self.database,
            "username": self.username,
            "password": self.password.get_secret_value() if self.password else None,
            "socket_timeout": self.timeout_seconds,
            "socket_connect_timeout": self.connect_seconds,
            "socket_keepalive": True,
        }
        if self.tls:
            options |= {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True}
            if self.ca_file:
                options["ssl_ca_certs"] = str(self.ca_file)
        return options


def async_client(settings: RedisSettings) -> redis.asyncio.Redis:
    """A client for an event loop; opens no connection yet.

    One retry, at once: it is for a connection that was closed while it waited in the pool.
    """
    options = settings.options()
    kind: Any = redis.asyncio.SSLConnection if options.pop("ssl", False) else redis.asyncio.Connection
    pool = redis.asyncio.BlockingConnectionPool(
        max_connections=settings.connections,
        timeout=settings.timeout_seconds,
        connection_class=kind,
        retry=redis.asyncio.retry.Retry(NoBackoff(), 1),
        **options,
    )
    return redis.asyncio.Redis.from_pool(pool)


def client(settings: RedisSettings) -> redis.Redis:
    """A client for a job; opens no connection yet."""
    return redis.Redis(retry=Retry(NoBackoff(), 1), **settings.options())


def redis_check(connection: redis.asyncio.Redis, settings: RedisSettings) -> Check:
    """A readiness check that passes when Redis answers to who we are."""

    async def probe() -> None:
        await connection.ping()

    return Check(
        name="redis",
        target=f"{settings.host}:{settings.port}",
        probe=probe,
        timeout_seconds=settings.connect_seconds + settings.timeout_seconds,
    )
