"""Training sets from the feature tables: each observation with the features that were known before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import sql


@dataclass(frozen=True)
class Observation:
    """Something that was observed of a symbol on a day, such as its next price."""

    symbol: str
    day: date


@dataclass(frozen=True)
class Example:
    """An observation and what was known of its symbol before its day.

    Attributes:
        observation: the observation.
        day: day at whose close the features were known; None where there were none.
        values: the features in the order of the names; None where there were none.
    """

    observation: Observation
    day: date | None
    values: tuple[float, ...] | None


def point_in_time(
    connection: psycopg.Connection[Any],
    observations: Sequence[Observation],
    names: Sequence[str],
    *,
    most_days: int | None = None,
) -> list[Example]:
    """Join each observation with the newest features of its symbol from before its day: no look into the future.

    Args:
        connection: to the database with `price_trends` and `market_indicators`.
        observations: what was observed; the same one may come more than once.
        names: features of these tables.
        most_days: how old features may be, in days before the observation; any age when None.

    Returns:
        One example for each observation, in their order.

    Raises:
        psycopg.errors.UndefinedColumn: a name is no feature of these tables.
    """
    if not observations:
        return []
    query = sql.SQL(
        "SELECT known.day, {columns} FROM unnest(%s::text[], %s::date[]) WITH ORDINALITY AS seen (symbol, day, place) "
        "LEFT JOIN LATERAL (SELECT * FROM price_trends JOIN market_indicators USING (symbol, day) "
        "WHERE symbol = seen.symbol AND day < seen.day AND (%s::int IS NULL OR day >= seen.day - %s::int) "
        "ORDER BY day DESC LIMIT 1) AS known ON true ORDER BY seen.place"
    ).format(columns=sql.SQL(", ").join(sql.Identifier("known", name) for name in names))
    columns = [one.symbol for one in observations], [one.day for one in observations]
    rows = connection.execute(query, (*columns, most_days, most_days)).fetchall()
    return [
        Example(observation, day, None if day is None else tuple(values))
        for observation, (day, *values) in zip(observations, rows, strict=True)
    ]
