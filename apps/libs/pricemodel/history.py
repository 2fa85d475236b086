"""A daily price history: what every feature is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """Daily closes of one symbol, oldest first.

    Attributes:
        symbol: the commodity.
        days: trading days as ``datetime64[D]``, strictly ascending, shape (n,).
        closes: price at the end of each day in the currency of the contract, above zero, shape (n,).
    """

    symbol: str
    days: Days
    closes: Floats

    def __post_init__(self) -> None:
        """Refuse what no feature can be computed from.

        Raises:
            ValueError: lengths differ, days do not ascend, or a close is not a finite number above zero.
        """
        if self.days.shape != self.closes.shape or self.days.ndim != 1:
            message = f"{self.symbol}: days {self.days.shape} and closes {self.closes.shape} must be of one length"
            raise ValueError(message)
        backwards = np.flatnonzero(np.diff(self.days) <= np.timedelta64(0, "D"))
        if backwards.size:
            day = self.days[backwards[0] + 1]
            raise ValueError(f"{self.symbol}: day {day} does not come after the one before it; sort, and drop doubles")
        wrong = np.flatnonzero(~(np.isfinite(self.closes) & (self.closes > 0)))
        if wrong.size:
            first = int(wrong[0])
            message = f"{self.symbol}: close of {self.days[first]} is {self.closes[first]}; it must be above 0"
            raise ValueError(message)

    @classmethod
    def of(cls, symbol: str, days: Sequence[date | str], closes: Sequence[float]) -> History:
        """Make a history of plain lists.

        Raises:
            ValueError: as the constructor.
        """
        return cls(symbol, np.array(days, dtype="datetime64[D]"), np.array(closes, dtype=np.float64))

    def __len__(self) -> int:
        """Number of days."""
        return len(self.closes)

    def upto(self, count: int) -> History:
        """The first ``count`` days: what was known at the end of the last of them."""
        return History(self.symbol, self.days[:count], self.closes[:count])

    def last(self, count: int) -> History:
        """The newest ``count`` days, or all where there are fewer."""
        return History(self.symbol, self.days[-count:], self.closes[-count:])
