"""The tables of Iceberg: schema and partition spec as the format writes them, and the DDL of Trino and Spark."""

from __future__ import annotations

from typing import Any

from infra.core.data.access import DataCatalog, stored_columns
from infra.core.data.column_types import decimal_digits, list_item
from infra.core.data.dataset import Column, Dataset, Partition, parse_partition
from infra.core.data.engine_types import ICEBERG, spark_type, trino_type
from infra.core.data.sql_text import literal

FIRST_PARTITION_FIELD = 1000
"""Apache Iceberg specification, partition specs: partition field ids start at 1000."""


def iceberg_schema(dataset: Dataset, catalog: DataCatalog) -> dict[str, Any]:
    """The table's schema (Apache Iceberg specification, appendix C, schemas).

    Ids follow the order of the columns; they are those of a new table. A table that exists keeps its own, and is
    changed by name.
    """
    columns = stored_columns(dataset, catalog.classes)
    ids = _ids(columns)
    lists = iter(range(len(columns) + 1, 2 * len(columns) + 1))
    return {
        "type": "struct",
        "schema-id": 0,
        "identifier-field-ids": [ids[name] for name in dataset.key],
        "fields": [
            {
                "id": ids[column.name],
                "name": column.name,
                "required": not column.nullable,
                "type": _type(column.type, lists),
                "doc": column.description,
            }
            for column in columns
        ],
    }


def iceberg_partition_spec(dataset: Dataset, catalog: DataCatalog) -> dict[str, Any]:
    """The table's partition spec (Apache Iceberg specification, appendix C, partition specs)."""
    ids = _ids(stored_columns(dataset, catalog.classes))
    partitions = [parse_partition(text) for text in dataset.partition_by]
    return {
        "spec-id": 0,
        "fields": [
            {
                "source-id": ids[each.column],
                "field-id": FIRST_PARTITION_FIELD + i,
                "name": each.column if each.transform == "identity" else f"{each.column}_{each.transform}",
                "transform": f"bucket[{each.buckets}]" if each.transform == "bucket" else each.transform,
            }
            for i, each in enumerate(partitions)
        ],
    }


def trino_table(name: str, dataset: Dataset, catalog: DataCatalog) -> str:
    """``CREATE TABLE`` of Trino's Iceberg connector."""
    lines = ",\n".join(
        f'   "{column.name}" {trino_type(column.type)}{"" if column.nullable else " NOT NULL"}'
        f" COMMENT {literal(column.description, 'trino')}"
        for column in stored_columns(dataset, catalog.classes)
    )
    parts = ", ".join(literal(_trino_partition(parse_partition(text)), "trino") for text in dataset.partition_by)
    order = ", ".join(literal(key, "trino") for key in dataset.key)
    settings = ["   format = 'PARQUET'", "   format_version = 2", f"   sorted_by = ARRAY[{order}]"]
    if parts:
        settings.append(f"   partitioning = ARRAY[{parts}]")
    return (
        f'CREATE TABLE IF NOT EXISTS iceberg."{dataset.zone}"."{name}" (\n{lines}\n)\n'
        f"COMMENT {literal(dataset.description, 'trino')}\nWITH (\n" + ",\n".join(settings) + "\n)"
    )


def spark_table(name: str, dataset: Dataset, catalog: DataCatalog) -> str:
    """``CREATE TABLE`` of Spark SQL with the Iceberg extensions."""
    lines = ",\n".join(
        f"  `{column.name}` {spark_type(column.type)}{'' if column.nullable else ' NOT NULL'}"
        f" COMMENT {_spark_text(column.description)}"
        for column in stored_columns(dataset, catalog.classes)
    )
    parts = ", ".join(_spark_partition(parse_partition(text)) for text in dataset.partition_by)
    partitioned = f"PARTITIONED BY ({parts})\n" if parts else ""
    return (
        f"CREATE TABLE IF NOT EXISTS iceberg.`{dataset.zone}`.`{name}` (\n{lines}\n)\nUSING iceberg\n{partitioned}"
        f"COMMENT {_spark_text(dataset.description)}\nTBLPROPERTIES ('format-version' = '2')"
    )


def _ids(columns: tuple[Column, ...]) -> dict[str, int]:
    return {column.name: i for i, column in enumerate(columns, start=1)}


def _type(column_type: str, lists: Any) -> str | dict[str, Any]:
    item = list_item(column_type)
    if item:
        return {"type": "list", "element-id": next(lists), "element-required": True, "element": ICEBERG[item]}
    digits = decimal_digits(column_type)
    return f"decimal({digits[0]}, {digits[1]})" if digits else ICEBERG[column_type]


def _trino_partition(partition: Partition) -> str:
    if partition.transform == "identity":
        return partition.column
    if partition.transform == "bucket":
        return f"bucket({partition.column}, {partition.buckets})"
    return f"{partition.transform}({partition.column})"


def _spark_partition(partition: Partition) -> str:
    if partition.transform == "identity":
        return f"`{partition.column}`"
    if partition.transform == "bucket":
        return f"bucket({partition.buckets}, `{partition.column}`)"
    return f"{partition.transform}s(`{partition.column}`)"


def _spark_text(text: str) -> str:
    r"""Spark reads backslashes in a text and escapes a quote by one (Spark SQL reference, literals)."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
