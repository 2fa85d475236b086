"""As whom a client of a server with accounts of its own logs in, and what it may do there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from infra.core.models import Args

LoginKind = Literal["kafka", "postgresql"]
"""Servers that have accounts of their own; the mesh's identity is not enough for them."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
"""Name of something in PostgreSQL that never needs quotes for its characters: at most NAMEDATALEN - 1 = 63 bytes."""

Privilege = Literal["SELECT", "INSERT", "UPDATE", "DELETE"]
"""What may be granted on a table; what changes its structure stays with the owner."""

ALL_TABLES = "*"


class KafkaLogin(Args):
    """A Kafka user of infra/catalog/kafka-users.yaml; its ACLs follow from what it produces and consumes."""

    kind: Literal["kafka"] = "kafka"
    user: str = Field(description="name of the user")

    @property
    def name(self) -> str:
        """Who logs in."""
        return self.user


class TableGrant(Args):
    """What a role may do with one table, or with all tables of a schema."""

    schema_name: Identifier = Field(description="schema that the table is in")
    table: Identifier | Literal["*"] = Field(default=ALL_TABLES, description="the table; * is all of the schema")
    privileges: tuple[Privilege, ...] = Field(min_length=1, description="what is granted")

    @model_validator(mode="after")
    def _each_once(self) -> TableGrant:
        if len(set(self.privileges)) < len(self.privileges):
            raise ValueError(f"privileges of {self.schema_name}.{self.table} name one twice: {self.privileges}")
        return self


class DatabaseLogin(Args):
    """A PostgreSQL role, and the grants that make up all it may do."""

    kind: Literal["postgresql"] = "postgresql"
    role: Identifier = Field(description="role that the client logs in as")
    database: Identifier = Field(description="database that it connects to")
    grants: tuple[TableGrant, ...] = Field(min_length=1, description="tables that it uses")

    @property
    def name(self) -> str:
        """Who logs in."""
        return self.role


Login = Annotated[KafkaLogin | DatabaseLogin, Field(discriminator="kind")]
