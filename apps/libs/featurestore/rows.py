"""Rows of features as they lie in Redis: one value for each tenant, view and symbol, replaced as a whole."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

VERSION = 1
"""Version of the encoding; a reader refuses others."""

SYMBOL = r"^[A-Z0-9][A-Z0-9._-]{0,31}$"
TENANT = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"

# Python's `$` also stands before a line's end.
_SYMBOL = re.compile(SYMBOL.removesuffix("$"))
_TENANT = re.compile(TENANT.removesuffix("$"))

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = frozenset({"version", "as_of", "day", "values"})


class RowError(ValueError):
    """A value in the store is no row; says what is wrong with it."""


@dataclass(frozen=True)
class Row:
    """Features of one symbol.

    Attributes:
        values: finite numbers by name.
        day: the last day of the history that they are computed from.
        as_of: instant at which that history was read: what became known later is not in them.
    """

    values: Mapping[str, float]
    day: date
    as_of: datetime


def key_of(tenant: str, view: str, symbol: str) -> str:
    """Where a row lies.

    Raises:
        ValueError: tenant or symbol could reach into another's rows.
    """
    _must_match("symbol", symbol, _SYMBOL)
    return f"{index_of(tenant, view)}:{symbol}"


def index_of(tenant: str, view: str) -> str:
    """Where the set of the symbols lies that a tenant's store has; a store without one is empty.

    Raises:
        ValueError: the tenant could reach into another's rows.
    """
    _must_match("tenant", tenant, _TENANT)
    return f"features:{tenant}:{view}"


def _must_match(what: str, text: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(text):
        raise ValueError(f"{what} {text!r} must be like {pattern.pattern}$")


def encode(row: Row) -> bytes:
    """The value that is kept.

    Raises:
        ValueError: a feature is not a finite number, there is none, or ``as_of`` has no time zone.
    """
    if not row.values:
        raise ValueError("a row needs at least one feature")
    for name, value in row.values.items():
        if not math.isfinite(value):
            raise ValueError(f"feature {name} is {value}: it must be a finite number")
    if row.as_of.utcoffset() is None:
        raise ValueError(f"as_of {row.as_of.isoformat()} has no time zone")
    micro = (row.as_of - _EPOCH) // timedelta(microseconds=1)
    content = {"version": VERSION, "as_of": micro, "day": row.day, "values": dict(row.values)}
    return orjson.dumps(content)


def decode(data: bytes | str) -> Row:
    """The row of a value.

    Raises:
        RowError: it is none, or of another version.
    """
    try:
        return _row(orjson.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise RowError(f"not a row of version {VERSION}: {error}") from error


def _row(content: dict[str, Any]) -> Row:
    if content.keys() != _FIELDS or content["version"] != VERSION:
        raise ValueError(f"fields {', '.join(sorted(content))}, version {content.get('version')}")
    values: dict[str, float] = content["values"]
    if not values or not all(type(value) in {float, int} for value in values.values()):
        raise ValueError("values must be numbers by name")
    as_of = _EPOCH + timedelta(microseconds=content["as_of"])
    return Row(values, date.fromisoformat(content["day"]), as_of)
