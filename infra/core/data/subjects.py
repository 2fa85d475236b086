"""The subjects of the schema registry: for each topic one of its records' keys and one of their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.core.catalog.topics import Topic
from infra.core.data.avro import avro_name, avro_schema
from infra.core.data.compatibility import Compatibility
from infra.core.data.json_schema import json_schema


@dataclass(frozen=True)
class Subject:
    """One subject with the schema that the catalog declares for it."""

    name: str
    topic: str
    schema_type: str
    schema: dict[str, Any]
    compatibility: Compatibility


def subjects(topics: Mapping[str, Topic]) -> Iterator[Subject]:
    """Subjects of all topics with columns, named after their topic (the registry's TopicNameStrategy)."""
    for name, topic in topics.items():
        if not topic.columns:
            continue
        values = [column for column in topic.columns if column.name not in topic.key]
        keys = [column for column in topic.columns if column.name in topic.key]
        for role, columns in (("key", keys), ("value", [*keys, *values])):
            make = avro_schema if topic.format == "avro" else json_schema
            schema = make(avro_name(name, role), topic.description, columns)
            yield Subject(f"{name}-{role}", name, topic.format.upper(), schema, topic.compatibility)
