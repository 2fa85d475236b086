"""The tables of ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator

from infra.core.data.access import DataCatalog, stored_columns
from infra.core.data.column_types import decimal_digits
from infra.core.data.dataset import Column, Dataset, parse_partition
from infra.core.data.engine_types import clickhouse_type
from infra.core.data.sql_text import identifier, literal

FEW_VALUES = "in-set"
"""A column that is expected to have one of a few values is stored as a dictionary (LowCardinality)."""

CODECS = {
    "timestamp": "Delta, ZSTD(1)",
    "date": "Delta, ZSTD(1)",
    "int32": "T64, ZSTD(1)",
    "int64": "T64, ZSTD(1)",
    "float32": "Gorilla, ZSTD(1)",
    "float64": "Gorilla, ZSTD(1)",
}
"""Codec by type (ClickHouse documentation, specialized codecs); everything else is ZSTD alone."""


def clickhouse_databases(catalog: DataCatalog) -> Iterator[str]:
    """One statement for each zone that has a table in ClickHouse."""
    zones = {dataset.zone for dataset in catalog.datasets.values() if "clickhouse" in dataset.engines}
    for zone in sorted(zones):
        yield f"CREATE DATABASE IF NOT EXISTS {identifier(zone, 'clickhouse')}"


def clickhouse_tables(catalog: DataCatalog, *, engine: str = "MergeTree") -> Iterator[str]:
    """The table of each dataset that is stored in ClickHouse, and what brings an older one up to date.

    Args:
        catalog: where the datasets stand.
        engine: ``MergeTree`` for a single node, ``ReplicatedMergeTree`` for a cluster with Keeper.
    """
    for name, dataset in catalog.datasets.items():
        if "clickhouse" in dataset.engines:
            yield clickhouse_table(name, dataset, catalog, engine=engine)
            yield clickhouse_upgrade(name, dataset, catalog)


def clickhouse_table(name: str, dataset: Dataset, catalog: DataCatalog, *, engine: str = "MergeTree") -> str:
    """``CREATE TABLE`` with codecs, sorting key, partitions of a month and, where rows age, a TTL."""
    few = {each.column for each in dataset.expectations if each.kind == FEW_VALUES}
    columns = ",\n".join(f"    {_column(column, few)}" for column in stored_columns(dataset, catalog.classes))
    key = ", ".join(identifier(each, "clickhouse") for each in dataset.key)
    table = f"{identifier(dataset.zone, 'clickhouse')}.{identifier(name, 'clickhouse')}"
    lines = [f"CREATE TABLE IF NOT EXISTS {table}\n(\n{columns}\n)", f"ENGINE = {engine}"]
    month = _month(dataset)
    if month:
        lines.append(f"PARTITION BY toYYYYMM({identifier(month, 'clickhouse')})")
    lines.append(f"ORDER BY ({key})")
    age = _age(dataset)
    if age:
        lines.append(f"TTL {age}")
    lines.append(f"COMMENT {literal(dataset.description, 'clickhouse')}")
    return "\n".join(lines)


def clickhouse_upgrade(name: str, dataset: Dataset, catalog: DataCatalog) -> str:
    """``ALTER TABLE`` that adds the columns that a table made by an older catalog does not have, and sets its TTL.

    It changes no column and drops none: that is for a person to decide, since readers and rows depend on it.
    """
    few = {each.column for each in dataset.expectations if each.kind == FEW_VALUES}
    changes = [f"ADD COLUMN IF NOT EXISTS {_column(each, few)}" for each in stored_columns(dataset, catalog.classes)]
    age = _age(dataset)
    if age:
        changes.append(f"MODIFY TTL {age}")
    table = f"{identifier(dataset.zone, 'clickhouse')}.{identifier(name, 'clickhouse')}"
    return f"ALTER TABLE {table}\n    " + ",\n    ".join(changes)


def _age(dataset: Dataset) -> str | None:
    if not dataset.retention_column:
        return None
    column = identifier(dataset.retention_column, "clickhouse")
    return f"toDateTime({column}) + INTERVAL {dataset.retention_days} DAY DELETE"


def _column(column: Column, few: set[str | None]) -> str:
    low = column.name in few and column.type == "string"
    column_type = clickhouse_type(column.type, nullable=column.nullable, low_cardinality=low)
    codec = "T64, ZSTD(1)" if _fits_t64(column.type) else CODECS.get(column.type, "ZSTD(1)")
    comment = literal(column.description, "clickhouse")
    return f"{identifier(column.name, 'clickhouse')} {column_type} COMMENT {comment} CODEC({codec})"


def _fits_t64(column_type: str) -> bool:
    """T64 takes integers of up to 64 bits; a decimal of up to 18 digits is one."""
    digits = decimal_digits(column_type)
    return digits is not None and digits[0] <= 18


def _month(dataset: Dataset) -> str | None:
    times = ("hour", "day", "month", "year")
    for text in dataset.partition_by:
        partition = parse_partition(text)
        if partition.transform in times:
            return partition.column
    return dataset.retention_column
