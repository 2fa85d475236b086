"""The training matrix: what the model would have read on each day, beside what came next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricemodel.features import MINIMUM_HISTORY, on_demand, stored_columns
from pricemodel.history import Days, Floats, History


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Rows in time order; row i was known at the close of ``days[i]`` and is answered by the next close.

    Attributes:
        features: shape (rows, features), columns as `pricemodel.features.FEATURE_NAMES`.
        days: day of the price at hand, shape (rows,).
        prices: that price, shape (rows,).
        next_prices: the next close, shape (rows,).
        answered: day of the next close: the row may not be learnt from before it, shape (rows,).
    """

    features: Floats
    days: Days
    prices: Floats
    next_prices: Floats
    answered: Days

    @property
    def up(self) -> NDArray[np.bool_]:
        """Whether the next close is above the price at hand; an unchanged one counts as not above."""
        return self.next_prices > self.prices

    @property
    def sizes(self) -> Floats:
        """Absolute log return to the next close."""
        return np.abs(np.log(self.next_prices / self.prices))

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.days)

    def select(self, rows: NDArray[Any]) -> TrainingSet:
        """The rows of a mask or of indices."""
        parts = (self.features, self.days, self.prices, self.next_prices, self.answered)
        return TrainingSet(*(part[rows] for part in parts))


def training_set(history: History) -> TrainingSet:
    """Every row that a history can give.

    Raises:
        ValueError: the history is shorter than `MINIMUM_HISTORY` + 2 days.
    """
    if len(history) < MINIMUM_HISTORY + 2:
        message = f"{history.symbol}: {len(history)} days of history; training needs at least {MINIMUM_HISTORY + 2}"
        raise ValueError(message)
    first = MINIMUM_HISTORY
    prices, days = history.closes[first:-1], history.days[first:-1]
    stored = {name: column[:-2] for name, column in stored_columns(history).items()}
    return TrainingSet(
        features=on_demand(stored, prices),
        days=days,
        prices=prices,
        next_prices=history.closes[first + 1 :],
        answered=history.days[first + 1 :],
    )
