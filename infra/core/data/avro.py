"""Avro schemas of what flows through Kafka."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from infra.core.data.column_types import decimal_digits, list_item
from infra.core.data.dataset import Column

NAMESPACE = "platform"
CLASS_PROPERTY = "platform.class"
"""Property of each field with its data class; Avro lets a schema carry properties of one's own."""

TYPES: dict[str, Any] = {
    "boolean": "boolean",
    "int32": "int",
    "int64": "long",
    "float32": "float",
    "float64": "double",
    "string": "string",
    "date": {"type": "int", "logicalType": "date"},
    "timestamp": {"type": "long", "logicalType": "timestamp-micros"},
    "uuid": {"type": "string", "logicalType": "uuid"},
}
"""Apache Avro specification, primitive and logical types."""


def avro_name(topic: str, role: str = "") -> str:
    """A name as Avro allows it: letters, digits and underscores, not beginning with a digit."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", topic) + (f"_{role}" if role else "")
    return f"_{name}" if name[0].isdigit() else name


def avro_schema(name: str, description: str, columns: Sequence[Column]) -> dict[str, Any]:
    """Schema of a record with ``columns``; a field that may be missing has null as its default."""
    return {
        "type": "record",
        "name": avro_name(name),
        "namespace": NAMESPACE,
        "doc": description,
        "fields": [_field(column) for column in columns],
    }


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "doc": column.description, CLASS_PROPERTY: column.class_}
    if column.nullable:
        return field | {"type": ["null", avro_type(column.type)], "default": None}
    return field | {"type": avro_type(column.type)}


def avro_type(column_type: str) -> Any:
    """Type of a value that is there."""
    item = list_item(column_type)
    if item:
        return {"type": "array", "items": TYPES[item]}
    digits = decimal_digits(column_type)
    if digits:
        return {"type": "bytes", "logicalType": "decimal", "precision": digits[0], "scale": digits[1]}
    return TYPES[column_type]
