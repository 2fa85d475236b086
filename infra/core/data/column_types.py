"""The types that a column may have: one vocabulary, which every engine's own types are derived from."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

SIMPLE_TYPES = ("boolean", "int32", "int64", "float32", "float64", "string", "date", "timestamp", "uuid")
"""``timestamp`` is an instant in UTC with microseconds; ``date`` is a calendar day without a time zone."""

MOST_DECIMAL_DIGITS = 38
"""Apache Iceberg specification, primitive types: a decimal has at most 38 digits; Trino's has as many."""

_DECIMAL = re.compile(r"decimal\((\d{1,2}),(\d{1,2})\)")
_LIST = re.compile(r"list<([a-z0-9]+)>")


def decimal_digits(column_type: str) -> tuple[int, int] | None:
    """Precision and scale of ``decimal(p,s)``; None for any other type."""
    match = _DECIMAL.fullmatch(column_type)
    return (int(match[1]), int(match[2])) if match else None


def list_item(column_type: str) -> str | None:
    """Type of the items of ``list<type>``; None for any other type."""
    match = _LIST.fullmatch(column_type)
    return match[1] if match else None


def _known(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"must be text such as string or decimal(12,4), not {type(value).__name__}")  # noqa: TRY004
    digits = decimal_digits(value)
    if digits and 1 <= digits[0] <= MOST_DECIMAL_DIGITS and digits[1] <= digits[0]:
        return value
    if value in SIMPLE_TYPES or list_item(value) in SIMPLE_TYPES:
        return value
    known = f"{', '.join(SIMPLE_TYPES)}, decimal(precision,scale) of at most {MOST_DECIMAL_DIGITS} digits, list<type>"
    raise ValueError(f"must be a type that every engine has: {known}")


ColumnType = Annotated[str, BeforeValidator(_known)]
"""Text of a known type."""
