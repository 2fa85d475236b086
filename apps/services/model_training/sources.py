"""Where histories come from: the feature tables, or the library's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby

from pricemodel.histories import known_histories
from pricemodel.history import History

from model_training.settings import HistoryPostgresSettings, ModelTrainingSettings

QUERY = "SELECT symbol, day, close FROM commodity_prices_daily ORDER BY symbol, day"

Row = tuple[str, date, Decimal]


class SourceError(Exception):
    """The histories cannot be read; the message names the place, the cause and the fix."""


def read_histories(settings: ModelTrainingSettings) -> Mapping[str, History]:
    """All histories by symbol.

    Raises:
        SourceError: PostgreSQL does not answer, the table is missing or empty, or a price in it is none.
        HistoryMissingError: there is no PostgreSQL, and the WTI history is not installed.
    """
    if settings.postgres.host is None:
        return known_histories(seed=settings.data_seed)
    return histories_of(_rows(settings.postgres), where=_place(settings.postgres))


def histories_of(rows: Iterable[Row], *, where: str) -> Mapping[str, History]:
    """Histories from rows in order of symbol and day.

    Raises:
        SourceError: there are no rows, or a price is none.
    """
    histories = {}
    for symbol, group in groupby(rows, key=lambda row: row[0]):
        days, closes = zip(*((day, float(close)) for _, day, close in group), strict=True)
        try:
            histories[symbol] = History.of(symbol, days, closes)
        except ValueError as error:
            raise SourceError(f"{where}: {error}; correct the row, feature-job writes it") from error
    if not histories:
        raise SourceError(f"{where}: the table is empty; run feature-job first")
    return histories


def _rows(settings: HistoryPostgresSettings) -> list[Row]:
    import psycopg  # noqa: PLC0415 - not needed where there is no PostgreSQL
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    parameters = settings.parameters("model-training", settings.timeout_seconds)
    try:
        with psycopg.connect(make_conninfo("", **parameters)) as connection:
            return list(connection.execute(QUERY).fetchall())
    except psycopg.errors.UndefinedTable as error:
        raise SourceError(f"{_place(settings)}: there is no such table; run feature-job first") from error
    except psycopg.Error as error:
        reason = " ".join(str(error).split())[:300]
        raise SourceError(f"{_place(settings)}: {reason}; check MODEL_TRAINING_POSTGRES_*") from error


def _place(settings: HistoryPostgresSettings) -> str:
    return f"{settings.place}, table commodity_prices_daily"
