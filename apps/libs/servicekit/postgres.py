"""PostgreSQL as a backing service: what a job is told of it, and what libpq is told."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class PostgresAddress(BaseModel):
    """Where a PostgreSQL is, and how connections to it are protected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str | None = Field(default=None, min_length=1, description="Host of PostgreSQL.", examples=["postgresql"])
    port: int = Field(default=5432, ge=1, le=65535, description="Its port.")
    database: str = Field(default="features", min_length=1, description="The database.")
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        default="prefer", description="How connections are protected (libpq's sslmode)."
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate; with verify-*."
    )

    @model_validator(mode="after")
    def _authority_is_used(self) -> Self:
        if self.ca_file and not self.sslmode.startswith("verify-"):
            raise ValueError(f"ca_file is not used with sslmode {self.sslmode}: set verify-full, or remove it")
        return self

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"PostgreSQL {self.host}:{self.port}/{self.database}"

    def parameters_as(
        self, user: str | None, password: str | None, application: str, connect_seconds: int
    ) -> dict[str, Any]:
        """What libpq is told, by the names of its parameters.

        Args:
            user: the role to log in as.
            password: the role's password.
            application: as whom the server lists the connection.
            connect_seconds: how long connecting may take.
        """
        return {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": user,
            "password": password,
            "sslmode": self.sslmode,
            "sslrootcert": str(self.ca_file) if self.ca_file else None,
            "connect_timeout": connect_seconds,
            "application_name": application,
        }


class PostgresSettings(PostgresAddress):
    """A PostgreSQL; who needs one says so by a ``host`` that is required, and names its own role."""

    user: str | None = Field(default=None, min_length=1, description="The role to log in as.")
    password: SecretStr | None = Field(default=None, description="The role's password.")

    @model_validator(mode="after")
    def _a_host_needs_a_user(self) -> Self:
        if self.host is not None and self.user is None:
            raise ValueError("user: is needed where host is set")
        return self

    def parameters(self, application: str, connect_seconds: int) -> dict[str, Any]:
        """What libpq is told, by the names of its parameters.

        Args:
            application: as whom the server lists the connection.
            connect_seconds: how long connecting may take.
        """
        password = self.password.get_secret_value() if self.password else None
        return self.parameters_as(self.user, password, application, connect_seconds)
