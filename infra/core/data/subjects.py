"""The subjects of the schema registry: for each topic one of its records' keys and one of their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.core.catalog.topics import Topic
from infra.core.data.avro import avro_name, avro_schema
from infra.core.data.compatibility import Break, Compatibility, breaks
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


def subject_breaks(old: Mapping[str, Topic], new: Mapping[str, Topic]) -> dict[str, tuple[Break, ...]]:
    """Why the schemas of ``new`` may not follow those of ``old``, by subject; empty when all may.

    The old topic's compatibility counts: who loosens it does so in a step before the one that makes use of it. JSON
    subjects are compared by the Avro schemas of the same columns, since their readers resolve fields in the same way.
    """
    before = {subject.name: subject for subject in subjects(_as_avro(old))}
    found = {
        subject.name: breaks(before[subject.name].schema, subject.schema, before[subject.name].compatibility)
        for subject in subjects(_as_avro(new))
        if subject.name in before
    }
    return {name: reasons for name, reasons in found.items() if reasons}


def _as_avro(topics: Mapping[str, Topic]) -> dict[str, Topic]:
    return {name: topic.model_copy(update={"format": "avro"}) for name, topic in topics.items()}
