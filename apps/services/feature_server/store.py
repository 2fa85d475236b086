"""Reading the online store: every row of a request in one question, within a budget of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import redis.asyncio
from featurestore import VIEW
from featurestore.connection import RedisSettings
from featurestore.rows import Row, RowError, decode, index_of, key_of
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from redis.exceptions import RedisError
from servicekit.logs import get_logger
from servicekit.redact import redact_text

logger = get_logger(__name__)

_MOST_ROWS = 2_048
"""Values whose rows are kept, since Redis mostly answers what it did before; with its value a row has 3 KB."""


class StoreUnavailable(Exception):  # noqa: N818 - it is a state that is met, not a mistake
    """The store cannot answer now: Redis does not, or what it holds is nothing to answer from; the message says which.

    What is wrong with the store must never be told as a symbol that is not there: callers give such a symbol up.
    """


class StoreMetrics:
    """What the store counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self.fetch = Histogram(
            "feature_fetch_seconds",
            "Seconds that Redis took for one request.",
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0),
            registry=registry,
        )
        self.rows = Counter("feature_rows", "Rows asked for, by what was there.", ("outcome",), registry=registry)
        self.failures = Counter("feature_fetch_failures", "Requests that Redis did not answer.", registry=registry)
        self.age = Gauge("feature_age_seconds", "Age of the oldest row of the last answer.", registry=registry)


@dataclass(frozen=True)
class Found:
    """A row, and how fresh it is."""

    symbol: str
    row: Row
    age_seconds: float
    stale: bool


class Store:
    """The rows of all tenants; which one a caller may read is decided before."""

    def __init__(
        self,
        connection: redis.asyncio.Redis,
        settings: RedisSettings,
        metrics: StoreMetrics,
        *,
        stale_seconds: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Read over a connection pool."""
        self._connection, self._budget, self._metrics = connection, settings.timeout_seconds, metrics
        self._stale_seconds, self._now = stale_seconds, now
        self._row = lru_cache(_MOST_ROWS)(decode)

    async def read(self, tenant: str, symbols: Sequence[str]) -> list[Found]:
        """The rows that there are, in the order of the symbols, all of the same features.

        Raises:
            StoreUnavailable: Redis did not answer within the budget, a row cannot be read or is not like the others,
                or the tenant's store is empty.
            ValueError: tenant or symbol could reach into another's rows.
        """
        keys = [key_of(tenant, VIEW, symbol) for symbol in symbols]
        started = time.perf_counter()
        values, is_empty = await self._ask(keys, index_of(tenant, VIEW))
        self._metrics.fetch.observe(time.perf_counter() - started)
        found = self._judge(symbols, values)
        if is_empty:
            raise StoreUnavailable(f"the store of the tenant {tenant} is empty; feature-job fills it")
        return found

    async def _ask(self, keys: Sequence[str], index: str) -> tuple[Sequence[bytes | str | None], bool]:
        """The values, and whether the whole store is empty, which is asked only where no value is there."""
        try:
            async with asyncio.timeout(self._budget):
                values = await self._connection.mget(keys)
                is_empty = not any(values) and not await self._connection.exists(index)
        except TimeoutError:
            self._metrics.failures.inc()
            raise StoreUnavailable(f"no answer within {self._budget:g} s") from None
        except (RedisError, OSError) as error:
            self._metrics.failures.inc()
            raise StoreUnavailable(redact_text(str(error)) or type(error).__name__) from error
        return values, is_empty

    def _judge(self, symbols: Sequence[str], values: Sequence[bytes | str | None]) -> list[Found]:
        found: list[Found] = []
        wrong: list[str] = []
        missing, unreadable, unlike, stale, oldest = 0, 0, 0, 0, 0.0
        now = self._now()
        for symbol, value in zip(symbols, values, strict=True):
            if value is None:
                missing += 1
                continue
            try:
                row = self._row(value)
            except RowError as error:
                logger.error("a row cannot be read", symbol=symbol, reason=str(error))  # noqa: TRY400
                wrong.append(f"the row of {symbol} cannot be read")
                unreadable += 1
                continue
            if found and row.values.keys() != found[0].row.values.keys():
                logger.error("a row has other features", symbol=symbol, others=found[0].symbol)
                wrong.append(f"the rows of {found[0].symbol} and {symbol} have different features")
                unlike += 1
                continue
            age = max(0.0, now - row.as_of.timestamp())
            oldest = max(oldest, age)
            is_stale = age >= self._stale_seconds
            stale += is_stale
            found.append(Found(symbol, row, age, is_stale))
        counts = {"fresh": len(found) - stale, "stale": stale, "missing": missing}
        counts |= {"unreadable": unreadable, "unlike": unlike}
        for outcome, count in counts.items():
            if count:
                self._metrics.rows.labels(outcome).inc(count)
        if found:
            self._metrics.age.set(oldest)
        if wrong:
            raise StoreUnavailable(f"{wrong[0]}; feature-job writes them anew")
        return found
