"""What the job does, step by step; each step can be done again, and ends where the last one ended."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
import redis
from featurestore.connection import client
from featurestore.rows import Row
from pricemodel.features import MINIMUM_HISTORY
from pricemodel.histories import known_histories
from servicekit.logs import get_logger

from feature_job.database import Connection, DatabaseError, connected, grant, migrate, migrations
from feature_job.online import materialize
from feature_job.settings import FeatureJobSettings
from feature_job.tables import newest_features, read_history, symbols, write_features, write_history

logger = get_logger(__name__)

T = TypeVar("T")


class StoreError(Exception):
    """Redis refuses or does not answer; the message says where and why."""


def run(settings: FeatureJobSettings) -> None:
    """Do what the mode says.

    Raises:
        DatabaseError: PostgreSQL refuses or does not answer.
        StoreError: Redis does.
        HistoryMissingError: the WTI history is not installed.
    """
    postgres = settings.postgres
    try:
        _patiently(settings.wait_seconds, lambda: _once(settings), psycopg.OperationalError, postgres.place)
    except psycopg.Error as error:
        raise DatabaseError(f"{postgres.place}: {' '.join(str(error).split())[:300]}") from error


def _once(settings: FeatureJobSettings) -> None:
    with connected(settings.postgres) as connection:
        for name in migrate(connection, migrations()):
            logger.info("migrated", migration=name)
        if settings.grants_file is not None:
            grant(connection, settings.grants_file)
        if settings.mode in {"load", "all"}:
            _load(connection, settings.data_seed)
        if settings.mode in {"materialize", "all"}:
            _materialize(connection, settings)


def _load(connection: Connection, seed: int) -> None:
    for history in known_histories(seed=seed).values():
        logger.info("history", symbol=history.symbol, days=len(history), changed=write_history(connection, history))
    for symbol in symbols(connection):
        history = read_history(connection, symbol)
        if len(history) < MINIMUM_HISTORY:
            logger.warning("too little history for features", symbol=symbol, days=len(history), least=MINIMUM_HISTORY)
            continue
        logger.info("features", symbol=symbol, changed=write_features(connection, history))


def _materialize(connection: Connection, settings: FeatureJobSettings) -> None:
    # Before the read: what is committed after it is not in the rows.
    as_of = datetime.now(UTC)
    rows = {symbol: Row(values, day, as_of) for symbol, (day, values) in newest_features(connection).items()}
    if not rows:
        raise DatabaseError(
            f"{settings.postgres.place}: no symbol has features, and without any the rows of every tenant would be "
            "taken out of Redis; nothing was changed there: run the mode load or all first"
        )
    place = f"Redis {settings.redis.host}:{settings.redis.port}"
    store = client(settings.redis)
    try:
        _patiently(settings.wait_seconds, store.ping, redis.ConnectionError, place)
        for tenant in settings.tenant_names:
            logger.info("materialized", tenant=tenant, symbols=len(rows), changed=materialize(store, tenant, rows))
    except redis.RedisError as error:
        raise StoreError(f"{place}: {error}; check FEATURE_JOB_REDIS_*") from error
    finally:
        store.close()


def _patiently(
    seconds: float,
    act: Callable[[], T],
    failure: type[Exception],
    place: str,
    *,
    sleep: Callable[[float], Any] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Act until it succeeds: what is needed may start after this job, or start again beneath it.

    Every step can be done again, so that a connection that breaks half-way is no reason to end.
    """
    deadline, pause = clock() + seconds, 0.2
    while True:
        try:
            return act()
        except failure as error:
            if clock() + pause > deadline:
                raise
            logger.info("waiting", place=place, reason=" ".join(str(error).split())[:300])
            sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - jitter is no secret
            pause = min(pause * 2, 5.0)
