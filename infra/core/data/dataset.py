"""One dataset: a table that is declared once, and that every engine's table is derived from."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from infra.core.data.classes import DAYS_IN_TEN_YEARS, ColumnClass, most_sensitive
from infra.core.data.column_types import ColumnType
from infra.core.data.expectations import Expectation, Sla
from infra.core.labels import LABEL_VALUE, DataClass
from infra.core.models import Args, Document

Zone = Literal["bronze", "silver", "gold"]
Engine = Literal["iceberg", "clickhouse", "postgresql", "trino"]
"""Where a dataset is stored (Iceberg, ClickHouse, PostgreSQL), and whether Trino exposes it."""

STORES: tuple[Engine, ...] = ("iceberg", "clickhouse", "postgresql")
MASKING_ENGINES: tuple[Engine, ...] = ("clickhouse", "trino")
"""Engines that can show one column to one role and a mask of it to another."""

CLICKHOUSE_ONLY_TYPES = ("date", "timestamp", "list<")
"""Types whose ClickHouse form (Date32, DateTime64, Array) Trino's ClickHouse connector leaves out (its documentation,
type mapping: "No other types are supported")."""

TOKEN_SUFFIX = "__token"  # noqa: S105 - a column name
"""End of the name of the column that holds the tokens of another one."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,61}[a-z0-9]$|^[a-z]$")]
"""A name that needs no quotes in any engine's SQL, unless it is a reserved word."""

_TRANSFORM = re.compile(r"(?:(day|month|year|hour)\(([a-z0-9_]+)\)|bucket\((\d{1,4}),([a-z0-9_]+)\)|([a-z0-9_]+))")


class Partition(Args):
    """One partition field (Apache Iceberg specification, partition transforms)."""

    transform: Literal["identity", "bucket", "hour", "day", "month", "year"]
    column: str
    buckets: int | None = None


def parse_partition(text: str) -> Partition:
    """Read ``day(ts)``, ``bucket(16,node)`` or ``iso``.

    Raises:
        ValueError: it is none of these.
    """
    match = _TRANSFORM.fullmatch(text)
    if not match or (match[3] is not None and int(match[3]) < 1):
        raise ValueError("must be a column, day(column), month(column), year(column), hour(column) or bucket(n,column)")
    if match[1]:
        return Partition.model_validate({"transform": match[1], "column": match[2]})
    if match[3]:
        return Partition(transform="bucket", column=match[4], buckets=int(match[3]))
    return Partition(transform="identity", column=match[5])


def _partition(text: str) -> str:
    parse_partition(text)
    return text


class Column(Document):
    """One column."""

    name: Identifier = Field(description="name of the column")
    type: ColumnType = Field(description="type of its values")
    class_: ColumnClass = Field(alias="class", description="class of its content")
    nullable: bool = Field(default=False, description="whether a row may be without it")
    description: str = Field(min_length=5, max_length=200, description="what it says, with its unit")


class RowFilter(Document):
    """Which rows a reader without all of them is entitled to."""

    column: Identifier = Field(description="column that names who a row belongs to")
    scope: Literal["tenant", "iso"] = Field(description="what the reader must belong to: the tenant or ISO so named")


class Dataset(Document):
    """One dataset."""

    zone: Zone = Field(description="bronze as it came, silver cleaned, gold for readers")
    description: str = Field(min_length=10, max_length=200, description="what one row says")
    owner: str = Field(pattern=LABEL_VALUE, description="team that answers for it")
    tenant: str = Field(pattern=LABEL_VALUE, description="tenant that it belongs to")
    engines: tuple[Engine, ...] = Field(min_length=1, description="where it is stored and exposed")
    columns: tuple[Column, ...] = Field(min_length=1, description="columns, in their order")
    key: tuple[Identifier, ...] = Field(min_length=1, description="columns that identify a row, in sorting order")
    partition_by: tuple[Annotated[str, AfterValidator(_partition)], ...] = Field(
        default=(), max_length=3, description="partitioning of the Iceberg table"
    )
    retention_days: int | None = Field(
        default=None, ge=1, le=DAYS_IN_TEN_YEARS, description="how long a row is kept, in days; for ever when left out"
    )
    retention_column: Identifier | None = Field(
        default=None, description="date or timestamp from which a row's age is counted"
    )
    row_filter: RowFilter | None = Field(default=None, description="who is entitled to which rows; all when left out")
    expectations: tuple[Expectation, ...] = Field(default=(), description="what its rows fulfil")
    sla: Sla = Field(description="what readers may rely on")
    sources: tuple[str, ...] = Field(default=(), description="topics and datasets that it is made from")

    @model_validator(mode="after")
    def _whole(self) -> "Dataset":
        if not set(self.engines) & set(STORES):
            raise ValueError(f"must be stored in one of {', '.join(STORES)}: trino only exposes what others store")
        if (self.retention_days is None) != (self.retention_column is None):
            raise ValueError("must have both retentionDays and retentionColumn, or neither")
        return self

    @property
    def level(self) -> DataClass:
        """The most sensitive level of its columns."""
        return most_sensitive([column.class_ for column in self.columns])

    @property
    def trino_catalogs(self) -> tuple[Engine, ...]:
        """Trino catalogs through which it is reached: all that store it, ClickHouse only where nothing else does."""
        if "trino" not in self.engines:
            return ()
        stores = tuple(store for store in STORES if store in self.engines)
        return tuple(store for store in stores if store != "clickhouse") or stores

    def column(self, name: str) -> Column | None:
        """The column of this name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


class DatasetCatalog(Document):
    """datasets.yaml."""

    datasets: dict[Identifier, Dataset] = Field(description="dataset by name")
