"""History and features as tables: read, computed and written symbol by symbol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pricemodel.features import MINIMUM_HISTORY, STORED_NAMES, stored_columns
from pricemodel.history import History
from psycopg import sql

from feature_job.database import Connection

TABLES: Mapping[str, tuple[str, ...]] = {
    "price_trends": (
        "average_7",
        "average_30",
        "average_90",
        "trend_7",
        "trend_30",
        "momentum_1",
        "momentum_7",
        "momentum_30",
    ),
    "market_indicators": (
        "last_close",
        "volatility_7",
        "volatility_30",
        "low_30",
        "high_30",
        "performance_index",
        "weekday_sin",
        "weekday_cos",
        "year_sin",
        "year_cos",
    ),
}
"""Which stored feature lies in which table; together all of them, each once (tested)."""


def write_history(connection: Connection, history: History) -> int:
    """Make the rows of a symbol what its history says; the number of rows that were not so.

    One transaction: whoever reads, or comes after a crash, finds the old rows or the new ones.
    """
    days: Sequence[date] = history.days.tolist()
    closes = history.closes.tolist()
    rows = [(history.symbol, day, f"{close:.4f}") for day, close in zip(days, closes, strict=True)]
    with connection.transaction():
        return _replace(connection, "commodity_prices_daily", ("close",), history.symbol, rows)


def symbols(connection: Connection) -> list[str]:
    """Every symbol that has a history."""
    rows = connection.execute("SELECT DISTINCT symbol FROM commodity_prices_daily ORDER BY symbol").fetchall()
    return [symbol for (symbol,) in rows]


def read_history(connection: Connection, symbol: str) -> History:
    """The history of a symbol.

    Raises:
        ValueError: a price is none.
    """
    rows = connection.execute(
        "SELECT day, close::double precision FROM commodity_prices_daily WHERE symbol = %s ORDER BY day", (symbol,)
    ).fetchall()
    return History.of(symbol, [day for day, _ in rows], [close for _, close in rows])


def write_features(connection: Connection, history: History) -> int:
    """Make the features of a symbol what its history gives; the number of rows that were not so.

    A history that is too short for features has none.
    """
    if len(history) < MINIMUM_HISTORY:
        return 0
    columns = {name: column.tolist() for name, column in stored_columns(history).items()}
    days: Sequence[date] = history.days[MINIMUM_HISTORY - 1 :].tolist()
    changed = 0
    with connection.transaction():
        for table, names in TABLES.items():
            rows = zip([history.symbol] * len(days), days, *(columns[name] for name in names), strict=True)
            changed += _replace(connection, table, names, history.symbol, rows)
    return changed


def newest_features(connection: Connection) -> dict[str, tuple[date, dict[str, float]]]:
    """The features of each symbol at the end of its last day."""
    names = sql.SQL(", ").join(map(sql.Identifier, STORED_NAMES))
    query = sql.SQL(
        "SELECT DISTINCT ON (symbol) symbol, day, {} FROM price_trends JOIN market_indicators USING (symbol, day) "
        "ORDER BY symbol, day DESC"
    )
    rows = connection.execute(query.format(names)).fetchall()
    return {symbol: (day, dict(zip(STORED_NAMES, values, strict=True))) for symbol, day, *values in rows}


def _replace(
    connection: Connection, table: str, names: Sequence[str], symbol: str, rows: Iterable[Sequence[Any]]
) -> int:
    """Make a symbol's rows these; within the caller's transaction."""
    target, given = sql.Identifier(table), sql.Identifier(f"given_{table}")
    columns = sql.SQL(", ").join(map(sql.Identifier, ("symbol", "day", *names)))
    parts = {
        "target": target,
        "given": given,
        "columns": columns,
        "updates": sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names),
        "mine": sql.SQL(", ").join(sql.SQL("{}.{}").format(target, sql.Identifier(name)) for name in names),
        "theirs": sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(name)) for name in names),
    }
    connection.execute(sql.SQL("CREATE TEMP TABLE {given} (LIKE {target}) ON COMMIT DROP").format(**parts))
    with connection.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY {given} ({columns}) FROM STDIN").format(**parts)) as copy:
            for row in rows:
                copy.write_row(row)
        statement = sql.SQL(
            "INSERT INTO {target} ({columns}) SELECT {columns} FROM {given} ON CONFLICT (symbol, day) DO UPDATE "
            "SET {updates} WHERE ({mine}) IS DISTINCT FROM ({theirs})"
        )
        changed = cursor.execute(statement.format(**parts)).rowcount
        statement = sql.SQL(
            "DELETE FROM {target} WHERE symbol = %s AND NOT EXISTS "
            "(SELECT FROM {given} WHERE {given}.day = {target}.day)"
        )
        return changed + cursor.execute(statement.format(**parts), (symbol,)).rowcount
