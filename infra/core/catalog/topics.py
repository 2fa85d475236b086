"""The topic catalog: what flows through Kafka, who owns it and how long it is kept."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from infra.core.data.classes import most_sensitive
from infra.core.data.compatibility import Compatibility
from infra.core.data.dataset import Column
from infra.core.labels import LABEL_VALUE, DataClass
from infra.core.models import Document

TopicName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
"""What Kafka takes as a topic's name (Kafka, Topic.LEGAL_CHARS and MAX_NAME_LENGTH)."""

LONGEST_RETENTION_HOURS = 24 * 365 * 2
"""Two years: what must be kept longer belongs into the lakehouse, not into Kafka."""


class Topic(Document):
    """One topic."""

    description: str = Field(min_length=10, max_length=200, description="what its records say")
    owner: str = Field(pattern=LABEL_VALUE, description="team that answers for it")
    tenant: str = Field(pattern=LABEL_VALUE, description="tenant that it belongs to")
    data_class: DataClass = Field(description="most sensitive class of its fields")
    key: tuple[str, ...] = Field(min_length=1, description="fields of the record key, which decide the partition")
    partitions: int = Field(ge=1, le=200, description="partitions")
    replication: int | None = Field(
        default=None, ge=1, le=9, description="copies of each partition; the environment's when left out"
    )
    cleanup: Literal["delete", "compact"] = Field(default="delete", description="what becomes of old records")
    retention_hours: int | None = Field(
        default=None, ge=1, le=LONGEST_RETENTION_HOURS, description="how long records are kept; only for cleanup delete"
    )

    columns: tuple[Column, ...] = Field(
        default=(), description="fields of its records, the key's among them; none for what keeps a format of its own"
    )
    format: Literal["avro", "json"] = Field(default="avro", description="how its records are written")
    compatibility: Compatibility = Field(
        default="backward", description="what a change of its schema must keep working: old records, old readers, both"
    )

    @model_validator(mode="after")
    def _columns_agree(self) -> "Topic":
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        missing = [name for name in self.key if name not in names]
        if not names:
            return self
        if twice:
            raise ValueError(f"must have each column once; {', '.join(twice)} stands twice")
        if missing:
            raise ValueError(f"must have every field of its key among its columns; {', '.join(missing)} is missing")
        level = most_sensitive([column.class_ for column in self.columns])
        if level != self.data_class:
            raise ValueError(f"must have dataClass {level}, since that is the most sensitive class of its columns")
        return self

    @model_validator(mode="after")
    def _retention_follows_cleanup(self) -> "Topic":
        if self.cleanup == "delete" and self.retention_hours is None:
            raise ValueError("must have retentionHours, since its cleanup is delete")
        if self.cleanup == "compact" and self.retention_hours is not None:
            raise ValueError("must not have retentionHours, since its cleanup is compact")
        return self

    def settings(self) -> dict[str, str | int]:
        """The topic's own Kafka configuration (Kafka, Topic Configs)."""
        if self.retention_hours is None:
            return {"cleanup.policy": "compact"}
        return {"cleanup.policy": "delete", "retention.ms": self.retention_hours * 3_600_000}


class TopicCatalog(Document):
    """topics.yaml."""

    topics: dict[TopicName, Topic] = Field(description="topic by name")


def resource_name(topic: str) -> str:
    """Kubernetes name of the object that declares ``topic``: Kafka allows more characters than Kubernetes."""
    return topic.lower().replace("_", "-").replace(".", "-").strip("-")
