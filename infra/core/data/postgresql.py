"""The tables of PostgreSQL: only datasets without personal data stand there, since it cannot show columns masked."""

from __future__ import annotations

from infra.core.data.dataset import Dataset
from infra.core.data.engine_types import postgresql_type
from infra.core.data.sql_text import identifier, literal


def postgresql_table(name: str, dataset: Dataset) -> str:
    """``CREATE TABLE`` with its primary key, its comments and an index on the column that rows age by."""
    columns = [
        f"    {_q(column.name)} {postgresql_type(column.type)}{'' if column.nullable else ' NOT NULL'}"
        for column in dataset.columns
    ]
    key = ", ".join(_q(column) for column in dataset.key)
    columns.append(f"    PRIMARY KEY ({key})")
    table = f"{_q(dataset.zone)}.{_q(name)}"
    statements = [
        f"CREATE SCHEMA IF NOT EXISTS {_q(dataset.zone)}",
        f"CREATE TABLE IF NOT EXISTS {table} (\n" + ",\n".join(columns) + "\n)",
        f"COMMENT ON TABLE {table} IS {literal(dataset.description, 'trino')}",
    ]
    statements += [
        f"COMMENT ON COLUMN {table}.{_q(column.name)} IS {literal(column.description, 'trino')}"
        for column in dataset.columns
    ]
    if dataset.retention_column:
        index = _q(f"{name}_by_age")
        statements.append(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({_q(dataset.retention_column)})")
    return ";\n".join(statements) + ";"


def _q(name: str) -> str:
    return identifier(name, "trino")
