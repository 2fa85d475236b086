"""Names and texts as SQL writes them."""

from typing import Literal

Dialect = Literal["clickhouse", "trino"]


def identifier(name: str, dialect: Dialect) -> str:
    """A quoted name. The catalog's patterns let no quote through, so there is nothing to escape."""
    mark = "`" if dialect == "clickhouse" else '"'
    return f"{mark}{name}{mark}"


def literal(text: str, dialect: Dialect) -> str:
    """A quoted text: ClickHouse reads backslashes in it, standard SQL does not."""
    if dialect == "clickhouse":
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"
