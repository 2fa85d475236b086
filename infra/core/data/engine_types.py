"""A column's type in each engine's own words."""

from infra.core.data.column_types import decimal_digits, list_item

CLICKHOUSE = {
    "boolean": "Bool",
    "int32": "Int32",
    "int64": "Int64",
    "float32": "Float32",
    "float64": "Float64",
    "string": "String",
    "date": "Date32",
    "timestamp": "DateTime64(6, 'UTC')",
    "uuid": "UUID",
}
"""ClickHouse documentation, data types. Date32 and DateTime64 since Date and DateTime begin in 1970."""

TRINO = {
    "boolean": "boolean",
    "int32": "integer",
    "int64": "bigint",
    "float32": "real",
    "float64": "double",
    "string": "varchar",
    "date": "date",
    "timestamp": "timestamp(6) with time zone",
    "uuid": "uuid",
}
"""Trino documentation, Iceberg connector, type mapping."""

SPARK = {
    "boolean": "BOOLEAN",
    "int32": "INT",
    "int64": "BIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "string": "STRING",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "uuid": "STRING",
}
"""Apache Iceberg documentation, Spark type compatibility: Spark has no type for a UUID."""

ICEBERG = {
    "boolean": "boolean",
    "int32": "int",
    "int64": "long",
    "float32": "float",
    "float64": "double",
    "string": "string",
    "date": "date",
    "timestamp": "timestamptz",
    "uuid": "uuid",
}
"""Apache Iceberg specification, primitive types."""

POSTGRESQL = {
    "boolean": "boolean",
    "int32": "integer",
    "int64": "bigint",
    "float32": "real",
    "float64": "double precision",
    "string": "text",
    "date": "date",
    "timestamp": "timestamp with time zone",
    "uuid": "uuid",
}
"""PostgreSQL documentation, data types; a timestamp has microseconds there unless it says otherwise."""


def clickhouse_type(column_type: str, *, nullable: bool = False, low_cardinality: bool = False) -> str:
    """Type of a ClickHouse column; a list is never nullable there, it is empty instead."""
    item = list_item(column_type)
    if item:
        return f"Array({CLICKHOUSE[item]})"
    digits = decimal_digits(column_type)
    name = f"Decimal({digits[0]}, {digits[1]})" if digits else CLICKHOUSE[column_type]
    name = f"Nullable({name})" if nullable else name
    return f"LowCardinality({name})" if low_cardinality else name


def trino_type(column_type: str) -> str:
    """Type of a Trino column."""
    return _with_lists(column_type, TRINO, "array({})")


def spark_type(column_type: str) -> str:
    """Type of a Spark column."""
    return _with_lists(column_type, SPARK, "ARRAY<{}>")


def postgresql_type(column_type: str) -> str:
    """Type of a PostgreSQL column."""
    return _with_lists(column_type, POSTGRESQL, "{}[]")


def _with_lists(column_type: str, names: dict[str, str], list_form: str) -> str:
    item = list_item(column_type)
    if item:
        return list_form.format(names[item])
    digits = decimal_digits(column_type)
    return f"decimal({digits[0]},{digits[1]})" if digits else names[column_type]
