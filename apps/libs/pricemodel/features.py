"""THE definitions of the price model's features: the feature job, training and serving all compute them here.

There are two steps. `stored_features` is what the feature job keeps per symbol, from the daily history up to its
last day. `on_demand` joins it with the price at hand to the vector that the model reads. A row of the training
matrix is made by the same two steps: stored at the close of day t-1, joined with the price of day t.

Every function works element by element, never by a reduction whose order of additions depends on the array's
length: so the vector of one symbol is the training row to the last bit, and uses nothing after its day.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from pricemodel.history import Days, Floats, History

SHORT, LONG, QUARTER = 7, 30, 90
MINIMUM_HISTORY = QUARTER + 1

STORED_NAMES = (
    "last_close",
    "average_7",
    "average_30",
    "average_90",
    "volatility_7",
    "volatility_30",
    "trend_7",
    "trend_30",
    "momentum_1",
    "momentum_7",
    "momentum_30",
    "low_30",
    "high_30",
    "performance_index",
    "weekday_sin",
    "weekday_cos",
    "year_sin",
    "year_cos",
)
"""What is kept per symbol and day.

last_close, average_*, low_30, high_30: price in the currency of the contract, over the last 7, 30, 90 closes.
volatility_*: standard deviation (n - 1) of the last 7 or 30 daily log returns. trend_*: least-squares slope of the
log price, per day. momentum_*: log return over 1, 7, 30 closes. performance_index: 100 at the close 90 closes ago.
weekday_* and year_*: place of the last day in its week and year on the unit circle.
"""

FEATURE_NAMES = (
    "move_1",
    "move_1_in_volatilities",
    "gap_7",
    "gap_30",
    "gap_90",
    "volatility_7",
    "volatility_30",
    "volatility_ratio",
    "trend_7",
    "trend_30",
    "momentum_1",
    "momentum_7",
    "momentum_30",
    "place_in_range_30",
    "performance_index",
    "weekday_sin",
    "weekday_cos",
    "year_sin",
    "year_cos",
)
"""What the model reads, in this order. No entry is a price level, so that one model serves symbols of any price.

move_1: log return from the last close to the price at hand; gap_*: log ratio of the price to the average.
volatility_ratio: short over long. place_in_range_30: 0 at the low, 1 at the high of 30 closes, beyond them outside.
performance_index: 1 at the close 90 closes ago. The rest is as stored.
"""


ABOVE_ZERO = frozenset({"last_close", "average_7", "average_30", "average_90"})
"""Stored features that the price is divided by."""


class MissingFeatureError(ValueError):
    """The stored features lack one that is needed, or have one that is no finite number; ``name`` says which."""

    def __init__(self, name: str, reason: str) -> None:
        """Name the feature and what is wrong with it."""
        super().__init__(f"feature {name}: {reason}")
        self.name = name
        self.reason = reason


def stored_columns(history: History) -> dict[str, Floats]:
    """Stored features of every day of a history that has enough days before it.

    Returns:
        One array per name of `STORED_NAMES`, each of shape (n - MINIMUM_HISTORY + 1,); entry 0 belongs to day
        MINIMUM_HISTORY - 1.

    Raises:
        ValueError: the history has fewer than `MINIMUM_HISTORY` days.
    """
    if len(history) < MINIMUM_HISTORY:
        message = f"{history.symbol}: {len(history)} days of history; features need at least {MINIMUM_HISTORY}"
        raise ValueError(message)
    count = len(history) - MINIMUM_HISTORY + 1
    closes, logs = history.closes, np.log(history.closes)
    returns = np.concatenate([np.zeros(1), logs[1:] - logs[:-1]])
    weekday, year = _circle(history.days[-count:])
    columns = {
        "last_close": closes,
        "average_7": _mean(closes, SHORT),
        "average_30": _mean(closes, LONG),
        "average_90": _mean(closes, QUARTER),
        "volatility_7": _deviation(returns, SHORT),
        "volatility_30": _deviation(returns, LONG),
        "trend_7": _slope(logs, SHORT),
        "trend_30": _slope(logs, LONG),
        "momentum_1": returns,
        "momentum_7": logs[SHORT:] - logs[:-SHORT],
        "momentum_30": logs[LONG:] - logs[:-LONG],
        "low_30": _fold(np.minimum, closes, LONG),
        "high_30": _fold(np.maximum, closes, LONG),
        "performance_index": 100.0 * closes[QUARTER:] / closes[:-QUARTER],
        "weekday_sin": np.sin(weekday),
        "weekday_cos": np.cos(weekday),
        "year_sin": np.sin(year),
        "year_cos": np.cos(year),
    }
    return {name: columns[name][-count:] for name in STORED_NAMES}


def stored_features(history: History) -> dict[str, float]:
    """Stored features at the end of the last day of a history.

    Raises:
        ValueError: the history has fewer than `MINIMUM_HISTORY` days.
    """
    return {name: float(column[-1]) for name, column in stored_columns(history.last(MINIMUM_HISTORY)).items()}


def on_demand(stored: Mapping[str, ArrayLike], price: ArrayLike) -> Floats:
    """Join stored features and the price at hand to what the model reads.

    Args:
        stored: a value per name of `STORED_NAMES`, each a number or an array of shape (rows,).
        price: the price at hand, a number or an array of shape (rows,), above zero.

    Returns:
        The vector in the order of `FEATURE_NAMES`, shape (features,) or (rows, features).

    Raises:
        MissingFeatureError: a feature is missing or is not finite.
        ValueError: a price is not a finite number above zero.
    """
    at = np.asarray(price, dtype=np.float64)
    if not (np.isfinite(at) & (at > 0)).all():
        raise ValueError("price: must be a finite number above 0")
    known = {name: _column(stored, name) for name in STORED_NAMES}
    # What is beyond a float is infinite, which a forest reads as very large or very small: no reason for a warning.
    with np.errstate(over="ignore", divide="ignore"):
        return _joined(known, at)


def _joined(known: Mapping[str, Floats], at: Floats) -> Floats:
    move = np.log(at / known["last_close"])
    width = known["high_30"] - known["low_30"]
    values = {
        **known,
        "move_1": move,
        "move_1_in_volatilities": _ratio(move, known["volatility_30"], otherwise=0.0),
        "gap_7": np.log(at / known["average_7"]),
        "gap_30": np.log(at / known["average_30"]),
        "gap_90": np.log(at / known["average_90"]),
        "volatility_ratio": _ratio(known["volatility_7"], known["volatility_30"], otherwise=1.0),
        "place_in_range_30": _ratio(at - known["low_30"], width, otherwise=0.5),
        "performance_index": known["performance_index"] / 100.0,
    }
    return np.stack(np.broadcast_arrays(*(values[name] for name in FEATURE_NAMES)), axis=-1)


def _column(stored: Mapping[str, ArrayLike], name: str) -> Floats:
    if name not in stored:
        raise MissingFeatureError(name, "is missing; the feature job writes it with every row")
    column = np.asarray(stored[name], dtype=np.float64)
    if not np.isfinite(column).all():
        raise MissingFeatureError(name, "must be a finite number")
    if name in ABOVE_ZERO and not (column > 0).all():
        raise MissingFeatureError(name, "must be above 0")
    return column


def _ratio(above: Floats, below: Floats, *, otherwise: float) -> Floats:
    """A quotient, with a neutral value where nothing moved and there is nothing to divide by."""
    safe = np.where(below > 0, below, 1.0)
    return np.where(below > 0, above / safe, otherwise)


def _lagged(values: Floats, window: int, lag: int) -> Floats:
    return values[window - 1 - lag : len(values) - lag]


def _fold(combine: np.ufunc, values: Floats, window: int) -> Floats:
    """Combine the last ``window`` values of each day; entry 0 belongs to day ``window`` - 1."""
    folded = _lagged(values, window, 0)
    for lag in range(1, window):
        folded = combine(folded, _lagged(values, window, lag))
    return folded


def _mean(values: Floats, window: int) -> Floats:
    return _fold(np.add, values, window) / window


def _deviation(values: Floats, window: int) -> Floats:
    mean = _mean(values, window)
    squares = np.zeros_like(mean)
    for lag in range(window):
        squares = squares + (_lagged(values, window, lag) - mean) ** 2
    return np.sqrt(squares / (window - 1))


def _slope(values: Floats, window: int) -> Floats:
    """Least-squares slope over the window's days 0 .. window - 1."""
    middle = (window - 1) / 2
    spread = sum((place - middle) ** 2 for place in range(window))
    slope = np.zeros(len(values) - window + 1)
    for lag in range(window):
        slope = slope + (middle - lag) * _lagged(values, window, lag)
    return slope / spread


def _circle(days: Days) -> tuple[Floats, Floats]:
    """Angles of each day in its week and in its year, in radians."""
    since_monday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    in_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    return 2 * np.pi * since_monday / 7, 2 * np.pi * in_year / 365.25
