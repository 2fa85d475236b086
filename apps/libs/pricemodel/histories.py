"""The daily histories that the platform begins with: real WTI beside the generated markets."""

from __future__ import annotations

from datetime import date, timedelta

from pricemodel.history import History
from pricemodel.market import generated_markets
from pricemodel.wti_history import wti_history

SEED = 20
GENERATED_DAYS = 4000
"""Eleven years: enough for the model to come as near to the optimum as a test demands."""


def known_histories(*, seed: int = SEED, generated_days: int = GENERATED_DAYS) -> dict[str, History]:
    """Every history by symbol; the generated ones end on the last day of WTI's.

    Raises:
        HistoryMissingError: the WTI history is not installed.
    """
    wti = wti_history()
    last: date = wti.days[-1].item()
    start = last - timedelta(days=generated_days - 1)
    markets = generated_markets(seed)
    return {wti.symbol: wti} | {market.symbol: market.history(generated_days, start) for market in markets}
