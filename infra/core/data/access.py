"""What each role sees of each column: the one decision that masks, rules and reports of all engines are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from infra.core.data.classes import DataClassRules
from infra.core.data.column_types import list_item
from infra.core.data.dataset import TOKEN_SUFFIX, Column, Dataset
from infra.core.data.engine_types import clickhouse_type, trino_type
from infra.core.data.masks import mask_sql, token_sql
from infra.core.data.roles import Role, Treatment
from infra.core.data.sql_text import Dialect, identifier


class DataCatalog(Protocol):
    """The part of the catalog that the derivations read."""

    @property
    def classes(self) -> Mapping[str, DataClassRules]:
        """Rules by class."""

    @property
    def roles(self) -> Mapping[str, Role]:
        """Role by name, from the one that sees most."""

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """Dataset by name."""


@dataclass(frozen=True)
class ColumnView:
    """One column as one role sees it."""

    column: Column
    treatment: Treatment


def column_views(dataset: Dataset, role: Role) -> tuple[ColumnView, ...]:
    """Every declared column as ``role`` sees it, hidden ones included, in their order.

    The column that a reader's rows are filtered by is always clear: all it says is whom the reader belongs to.
    """
    by = dataset.row_filter.column if dataset.row_filter and filtered(dataset, role) else None
    return tuple(
        ColumnView(column, "clear" if column.name == by else role.treatment(column.class_))
        for column in dataset.columns
    )


def visible(dataset: Dataset, role: Role) -> tuple[ColumnView, ...]:
    """The columns that ``role`` sees at all."""
    return tuple(view for view in column_views(dataset, role) if view.treatment != "hidden")


def readers(catalog: DataCatalog, dataset: Dataset) -> Iterator[tuple[str, Role]]:
    """The roles that may see something of ``dataset``, in the catalog's order; for others it does not exist."""
    for name, role in catalog.roles.items():
        if any(role.treatment(column.class_) != "hidden" for column in dataset.columns):
            yield name, role


def filtered(dataset: Dataset, role: Role) -> bool:
    """Whether ``role`` sees only the rows of ``dataset`` that it is entitled to."""
    return role.rows == "entitled" and dataset.row_filter is not None


def has_token(column: Column, classes: Mapping[str, DataClassRules]) -> bool:
    """Whether a column of tokens stands beside ``column``."""
    return classes[column.class_].tokenized


def stored_columns(dataset: Dataset, classes: Mapping[str, DataClassRules]) -> tuple[Column, ...]:
    """The columns as they are stored: those declared, then one for the tokens of each that has them.

    Tokens are made by the tokenization service when a row is stored. No engine makes them, so none holds a key.
    """
    tokens = (
        Column.model_validate(
            {
                "name": column.name + TOKEN_SUFFIX,
                "type": "string",
                "class": column.class_,
                "nullable": True,
                "description": f"Token of {column.name}, made by the tokenization service",
            }
        )
        for column in dataset.columns
        if has_token(column, classes)
    )
    return (*dataset.columns, *tokens)


def expression(view: ColumnView, rules: DataClassRules, dialect: Dialect) -> str:
    """SQL for what a role sees of a column that is not hidden from it.

    Text is masked by its class's mask; a date keeps its year; anything else becomes empty, since there is no number
    that tells less than it says.

    Raises:
        ValueError: the column is hidden; nothing may be selected of it.
    """
    column = view.column
    name = identifier(column.name, dialect)
    if view.treatment == "hidden":
        raise ValueError(f"{column.name} is hidden from this role: select nothing of it")
    if view.treatment == "clear":
        return name
    if view.treatment == "tokenized":
        return token_sql(identifier(column.name + TOKEN_SUFFIX, dialect), dialect)
    if column.type == "string":
        return mask_sql(rules.mask, name, dialect)
    if column.type == "date":
        # toStartOfYear would answer with a Date, which begins in 1970.
        return f"makeDate32(toYear({name}), 1, 1)" if dialect == "clickhouse" else f"date_trunc('year', {name})"
    return _nothing(column, dialect)


def _nothing(column: Column, dialect: Dialect) -> str:
    if dialect == "trino":
        return f"CAST(NULL AS {trino_type(column.type)})"
    if list_item(column.type):
        return f"CAST([] AS {clickhouse_type(column.type)})"
    return f"CAST(NULL AS {clickhouse_type(column.type, nullable=True)})"
