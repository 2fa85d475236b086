"""JSON Schemas of the same records, for what speaks JSON: web sockets, REST, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.core.data.avro import CLASS_PROPERTY
from infra.core.data.column_types import decimal_digits, list_item
from infra.core.data.dataset import Column

DIALECT = "https://json-schema.org/draft/2020-12/schema"

TYPES: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "float32": {"type": "number"},
    "float64": {"type": "number"},
    "string": {"type": "string"},
    "date": {"type": "string", "format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "timestamp": {
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$",
    },
    "uuid": {"type": "string", "format": "uuid", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
}
"""Patterns stand beside formats, since a validator may take a format for a mere remark."""


def json_schema(name: str, description: str, columns: Sequence[Column]) -> dict[str, Any]:
    """Schema of an object with ``columns``; fields that are not declared are refused."""
    return {
        "$schema": DIALECT,
        "title": name,
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "required": [column.name for column in columns if not column.nullable],
        "properties": {column.name: _property(column) for column in columns},
    }


def _property(column: Column) -> dict[str, Any]:
    value = _value(column.type)
    if column.nullable:
        value = value | {"type": [value["type"], "null"]}
    return value | {"description": column.description, CLASS_PROPERTY: column.class_}


def _value(column_type: str) -> dict[str, Any]:
    item = list_item(column_type)
    if item:
        return {"type": "array", "items": TYPES[item]}
    digits = decimal_digits(column_type)
    if digits:
        return {"type": "string", "pattern": _decimal_pattern(*digits)}
    return TYPES[column_type]


def _decimal_pattern(precision: int, scale: int) -> str:
    """A decimal is text: a JSON number becomes a binary float in most readers, and loses cents."""
    whole = precision - scale
    before = f"[0-9]{{1,{whole}}}" if whole else "0"
    return f"^-?{before}" + (f"(\\.[0-9]{{1,{scale}}})?$" if scale else "$")
