"""The Kafka user catalog: who may produce and consume what; ACLs follow from it."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.core.labels import LABEL_VALUE
from infra.core.models import Args, Document
from infra.core.quantity import Bytes

UserName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
"""Name of a Kafka user: also of its Kubernetes objects and of its consumer groups' prefix."""

PRODUCE_RATE = 10 * 1024**2
"""Bytes a second and broker: 10,000 messages a second of 1 KiB, the load for which the platform as a whole is sized, so
that no one user takes more than that of a broker. A reader may go twice as fast, to catch up."""

Operation = Literal["Read", "Write", "Describe"]


class Acl(Args):
    """One permission of a Kafka user.

    Attributes:
        resource: what it is about.
        name: the resource's name, or the beginning of it when ``prefix``.
    """

    resource: Literal["topic", "group", "transactional_id"]
    name: str
    prefix: bool = False
    operations: tuple[Operation, ...]


class KafkaUser(Document):
    """One client of Kafka."""

    owner: str = Field(pattern=LABEL_VALUE, description="team that answers for it")
    tenant: str = Field(pattern=LABEL_VALUE, description="tenant that it belongs to")
    produces: tuple[str, ...] = Field(default=(), description="topics that it writes")
    consumes: tuple[str, ...] = Field(default=(), description="topics that it reads")
    dead_letter: bool = Field(default=True, description="whether a consumer has a topic for what it cannot process")
    transactional: bool = Field(
        default=False, description="whether it writes in transactions, whose ids begin with its name and a hyphen"
    )
    produce_rate: Annotated[Bytes, Field(ge=1024)] = Field(
        default=PRODUCE_RATE, description="bytes a second that it may write to each broker"
    )
    consume_rate: Annotated[Bytes, Field(ge=1024)] = Field(
        default=2 * PRODUCE_RATE, description="bytes a second that it may read from each broker"
    )
    request_percentage: int = Field(
        default=50, ge=1, le=1000, description="per cent of one request thread's time that it may take of each broker"
    )


class KafkaUserCatalog(Document):
    """kafka-users.yaml."""

    users: dict[UserName, KafkaUser] = Field(description="user by name")


def dead_letter_topic(user: str) -> str:
    """Topic for the records that ``user`` cannot process."""
    return f"{user}.dead-letter"


def acls(name: str, user: KafkaUser) -> Iterator[Acl]:
    """The least that ``user`` needs: its topics, its own consumer groups, its dead-letter topic, its transactions."""
    written = set(user.produces)
    if user.consumes and user.dead_letter:
        written.add(dead_letter_topic(name))
    for topic in sorted(written | set(user.consumes)):
        operations: tuple[Operation, ...] = (
            *(("Read",) if topic in user.consumes else ()),
            *(("Write",) if topic in written else ()),
            "Describe",
        )
        yield Acl(resource="topic", name=topic, operations=operations)
    if user.consumes:
        yield Acl(resource="group", name=name, prefix=True, operations=("Read",))
    if user.transactional:
        # What a producer in transactions needs of its id (Kafka, Security, "Operations and Resources on Protocols").
        yield Acl(resource="transactional_id", name=f"{name}-", prefix=True, operations=("Write", "Describe"))
