"""Rows for any dataset of the catalog, full of personal data, and what each role ought to see of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any

from infra.core.data.access import DataCatalog, column_views, filtered, stored_columns
from infra.core.data.column_types import decimal_digits, list_item
from infra.core.data.dataset import TOKEN_SUFFIX, Column, Dataset
from infra.core.data.masks import mask_value
from infra.core.data.roles import Role
from infra.core.data.tokenization import token_kind
from tests.support.pii_strings import EVERYTHING

TENANTS = ("trading-desk", "analytics", "external-partner")
ISOS = ("CAISO", "ERCOT", "PJM")
WRONG_TOKEN_EVERY = 11
"""Every so many rows the column of tokens holds the raw value, as after a broken load."""

NOW = dt.datetime.now(dt.UTC)
"""Rows are young, since engines remove old ones."""

Row = dict[str, Any]


def rows(dataset: Dataset, catalog: DataCatalog, count: int = len(EVERYTHING)) -> list[Row]:
    """Rows in which each column of personal data takes on every string in turn, in another order than its neighbour."""
    return [
        {
            column.name: _value(column, dataset, row, place)
            for place, column in enumerate(stored_columns(dataset, catalog.classes))
        }
        for row in range(count)
    ]


def token(column_class: str, text: str) -> str:
    """A token as the service would make it: nothing of the text is in it."""
    digest = hashlib.sha256(b"a key of the tests" + text.encode()).hexdigest()[:32].translate(_LETTERS)
    return f"tok_{token_kind(column_class)}_{digest}"


_LETTERS = str.maketrans("0123456789abcdef", "GHJKLMNPQRSTUVWX")
"""Hex digits become letters that no number of the test data has."""


def _value(column: Column, dataset: Dataset, row: int, place: int) -> Any:
    if column.name.endswith(TOKEN_SUFFIX):
        return _token(column, dataset, row)
    if column.name in _SCOPES:
        known = _SCOPES[column.name]
        return known[row % len(known)]
    if column.name == dataset.retention_column and column.type == "date":
        return str((NOW - dt.timedelta(days=row)).date())
    if column.nullable and row % 7 == 3:
        return None
    if column.type != "string":
        return _other(column.type, row)
    personal = column.class_.startswith("pii.")
    return EVERYTHING[(row + 13 * place) % len(EVERYTHING)] if personal else f"{column.name}-{row}"


def _token(column: Column, dataset: Dataset, row: int) -> str | None:
    place = next(i for i, each in enumerate(dataset.columns) if each.name + TOKEN_SUFFIX == column.name)
    raw = _value(dataset.columns[place], dataset, row, place)
    if raw is None or row % WRONG_TOKEN_EVERY == 1:
        return raw
    return token(column.class_, raw)


_SCOPES = {"tenant_id": TENANTS, "iso": ISOS}


def _other(column_type: str, row: int) -> Any:
    if list_item(column_type) == "string":
        return [f"item-{row}"]
    if list_item(column_type):
        return [row, row + 1]
    if decimal_digits(column_type):
        return row + 0.5
    return {
        "uuid": str(uuid.UUID(int=row + 1)),
        "date": str(dt.date(1931, 7, 17) + dt.timedelta(days=401 * row)),
        "timestamp": f"{NOW - dt.timedelta(hours=row):%Y-%m-%d %H:%M:%S}.000000",
        "boolean": row % 2 == 0,
        "float32": row + 0.25,
        "float64": row + 0.25,
    }.get(column_type, row)


def seen(dataset: Dataset, role: Role, catalog: DataCatalog, stored: list[Row], scopes: tuple[str, ...]) -> list[Row]:
    """What ``role`` ought to see of ``stored``: the catalog's meaning in plain Python."""
    result = []
    for row in stored:
        by = dataset.row_filter
        if by and filtered(dataset, role) and f"{by.scope}-{row[by.column]}" not in scopes:
            continue
        result.append(
            {
                view.column.name: _shown(view.column, view.treatment, row, catalog)
                for view in column_views(dataset, role)
                if view.treatment != "hidden"
            }
        )
    return result


def _shown(column: Column, treatment: str, row: Row, catalog: DataCatalog) -> Any:
    value = row[column.name]
    if treatment == "clear":
        return value
    if treatment == "tokenized":
        made = row[column.name + TOKEN_SUFFIX]
        return made if made is not None and made != value else None
    if column.type == "string":
        return mask_value(catalog.classes[column.class_].mask, value)
    if column.type == "date":
        return f"{value[:4]}-01-01" if value else None
    return [] if list_item(column.type) else None
