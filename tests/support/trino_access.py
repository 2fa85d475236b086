"""Decides as Trino's file-based access control does, after its documentation, and runs the masks in a real engine.

"The rules are read from top to bottom and the first matching rule is applied. If no rule matches, access is denied."
Each pattern must match the whole name; a group pattern, the name of any of the user's groups.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlglot

from infra.core.data.access import stored_columns
from infra.core.data.classes import DataClassRules
from infra.core.data.column_types import decimal_digits, list_item
from infra.core.data.dataset import Dataset
from infra.core.data.engine_types import TRINO
from infra.core.data.sql_text import literal


class AccessDeniedError(Exception):
    """The rules refuse it."""


@dataclass(frozen=True)
class TrinoUser:
    """Somebody who asks Trino."""

    name: str
    groups: tuple[str, ...]


class TrinoAccess:
    """One rules file."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self._rules = json.loads(json.dumps(rules))

    def catalog(self, user: TrinoUser, catalog: str) -> str:
        """``all``, ``read-only`` or ``none``."""
        rule = self._first("catalogs", user, catalog=catalog)
        return rule["allow"] if rule else "none"

    def table(
        self, user: TrinoUser, catalog: str, schema: str, table: str, privilege: str = "SELECT"
    ) -> dict[str, Any]:
        """The rule by which ``user`` may use the table.

        Raises:
            AccessDeniedError: there is none.
        """
        rule = self._first("tables", user, catalog=catalog, schema=schema, table=table)
        needed = ("all",) if privilege != "SELECT" else ("all", "read-only")
        if self.catalog(user, catalog) not in needed or not rule or privilege not in rule["privileges"]:
            raise AccessDeniedError(f"{user.name} may not {privilege} {catalog}.{schema}.{table}")
        return rule

    def select(self, user: TrinoUser, catalog: str, dataset: Dataset, name: str, columns: Iterable[str]) -> str:
        """The query that Trino would run for ``SELECT columns FROM name``, in Trino's SQL.

        Raises:
            AccessDeniedError: the table or one of the columns is refused.
        """
        rule = self.table(user, catalog, dataset.zone, name)
        limits = {each["name"]: each for each in rule.get("columns", ())}
        shown = []
        for column in columns:
            limit = limits.get(column, {})
            if not limit.get("allow", True):
                raise AccessDeniedError(f"{user.name} may not read {column} of {name}")
            shown.append(f'{limit.get("mask", f"{chr(34)}{column}{chr(34)}")} AS "{column}"')
        groups = f"ARRAY[{', '.join(literal(group, 'trino') for group in user.groups)}]"
        where = rule.get("filter", "true").replace("current_groups()", groups)
        return f'SELECT {", ".join(shown)} FROM "{name}" AS stored WHERE {where}'

    def _first(self, kind: str, user: TrinoUser, **names: str) -> dict[str, Any] | None:
        for rule in self._rules[kind]:
            groups = user.groups or ("",)
            fits = re.fullmatch(rule.get("user", ".*"), user.name)
            fits = fits and any(re.fullmatch(rule.get("group", ".*"), group) for group in groups)
            if fits and all(re.fullmatch(rule.get(key, ".*"), name) for key, name in names.items()):
                assert isinstance(rule, dict)
                return rule
        return None


def run(
    name: str, dataset: Dataset, classes: dict[str, DataClassRules], rows: Sequence[dict[str, Any]], query: str
) -> list[dict[str, Any]]:
    """Run a query in Trino's SQL over ``rows`` in DuckDB, as translated by sqlglot."""
    columns = stored_columns(dataset, classes)
    with duckdb.connect() as engine:
        types = ", ".join(f'"{column.name}" {_type(column.type)}' for column in columns)
        engine.execute(f'CREATE TABLE "{name}" ({types})')
        places = ", ".join("?" for _ in columns)
        engine.executemany(
            f'INSERT INTO "{name}" VALUES ({places})', [[row[column.name] for column in columns] for row in rows]
        )
        found = engine.execute(sqlglot.transpile(query, read="trino", write="duckdb")[0])
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _type(column_type: str) -> str:
    item = list_item(column_type)
    if item:
        return f"{_type(item)}[]"
    digits = decimal_digits(column_type)
    if digits:
        return f"DECIMAL({digits[0]}, {digits[1]})"
    return {"timestamp": "TIMESTAMP", "uuid": "UUID"}.get(column_type, TRINO[column_type])
