"""What is replayed: real prices of WTI, generated prices, and generated locational marginal prices."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle

from pricemodel.histories import known_histories
from pricemodel.history import History
from pricemodel.lmp import Lmp, generated_lmps
from pricemodel.records import CommodityPrice
from pricemodel.wti_history import CURRENCY

NODES = (("CAISO", "TH_SP15_GEN-APND"), ("ERCOT", "HB_NORTH"), ("NYISO", "NYC"), ("PJM", "WESTERN HUB"))
"""Pricing nodes of the generated locational marginal prices; real names, generated prices."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def histories(days: int, seed: int) -> list[History]:
    """The last ``days`` days of every history that features are computed from: the prices must be of these series.

    Raises:
        HistoryMissingError: the real history is not installed.
    """
    return [history.last(days) for history in known_histories(seed=seed).values()]


def replayed_prices(days: int, seed: int, now: Clock = utc_now) -> Iterator[CommodityPrice]:
    """Day by day the prices of every symbol, from the first day again after the last; each as if traded now.

    Raises:
        HistoryMissingError: the real history is not installed.
    """
    chosen = histories(days, seed)
    shortest = min(len(history) for history in chosen)
    for day in cycle(range(shortest)):
        for history in chosen:
            yield CommodityPrice(
                symbol=history.symbol,
                price=Decimal(f"{history.closes[day]:.4f}"),
                currency=CURRENCY,
                traded_at=now(),
            )


def replayed_lmps(seed: int, now: Clock = utc_now) -> Iterator[Lmp]:
    """Interval by interval the generated prices of every node; each as if its interval were now."""
    series = [generated_lmps(iso, node, seed=seed) for iso, node in NODES]
    for one in cycle(series):
        at = now()
        yield next(one).model_copy(update={"interval_start": at, "published_at": at})
