"""A generated market whose best possible prediction is known: the yardstick of the model.

On real prices nobody knows how well a predictor could do. Here the process is known, so its optimal predictor can be
computed, and a model is judged by the share of it that it reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from math import erf, exp, log, pi, sin, sqrt

import numpy as np

from pricemodel.history import Floats, History

SYMBOLS = ("SIM-CAISO-SP15", "SIM-ERCOT-NORTH", "SIM-NYISO-J", "SIM-PJM-WEST")
"""Symbols of the generated day-ahead power prices; SIM says that they are no prices of the hubs that they are like."""

FIRST_DAY = date(2000, 1, 3)


@dataclass(frozen=True)
class Process:
    """Parameters of the process; chosen to look like day-ahead power with an optimum near 0.9, estimated from no data.

    The log price is a season plus a deviation. The deviation goes back to zero by ``reversion`` a day, and is moved
    by Gaussian noise and, on a share ``jump_share`` of days, by a Gaussian jump; both are symmetric.

    Attributes:
        level: typical price in USD per MWh.
        yearly: amplitude of the yearly season in log price.
        weekly: season of Monday to Sunday in log price.
        reversion: share of the deviation that goes away in a day.
        noise: standard deviation of the daily noise in log price.
        jump_share: probability of a jump on a day.
        jump_size: standard deviation of a jump in log price.
    """

    level: float = 40.0
    yearly: float = 0.25
    weekly: tuple[float, ...] = (0.03, 0.06, 0.05, 0.04, 0.0, -0.10, -0.08)
    reversion: float = 0.4
    noise: float = 0.015
    jump_share: float = 0.05
    jump_size: float = 0.25

    def season(self, day: date) -> float:
        """Seasonal part of the log price."""
        in_year = (day - date(day.year, 1, 1)).days / 365.25
        return log(self.level) + self.yearly * sin(2 * pi * (in_year - 0.3)) + self.weekly[day.weekday()]


@dataclass(frozen=True)
class MarketState:
    """All that decides about the next price: the process has no memory beyond it.

    Attributes:
        day: the day.
        deviation: the log price less its season.
    """

    day: date
    deviation: float


@dataclass(frozen=True)
class GeneratedMarket:
    """Daily prices of one symbol, the same for a seed on every machine.

    Attributes:
        seed: two markets of one seed, symbol and process are equal.
        symbol: the name of the generated commodity.
        process: its parameters.
    """

    seed: int
    symbol: str = SYMBOLS[-1]
    process: Process = field(default_factory=Process)

    def states(self, count: int, start: date = FIRST_DAY) -> list[MarketState]:
        """``count`` consecutive days, weekends too, as power is delivered on them."""
        rng = np.random.default_rng([self.seed, *self.symbol.encode()])
        process = self.process
        noise = process.noise * rng.standard_normal(count)
        jumps = np.where(
            rng.random(count) < process.jump_share, process.jump_size * rng.standard_normal(count), np.zeros(count)
        )
        states, deviation = [], 0.0
        for place, shock in enumerate((noise + jumps).tolist()):
            deviation = (1 - process.reversion) * deviation + shock
            states.append(MarketState(start + timedelta(days=place), deviation))
        return states

    def price(self, state: MarketState) -> float:
        """Price of a state in USD per MWh, to the four decimals that the topic keeps."""
        return round(exp(self.process.season(state.day) + state.deviation), 4)

    def state_of(self, day: date, price: float) -> MarketState:
        """The state that a price of this market reveals; exact but for the rounding of the price."""
        return MarketState(day, log(price) - self.process.season(day))

    def history(self, count: int, start: date = FIRST_DAY) -> History:
        """The prices of `states` as a history."""
        states = self.states(count, start)
        return History.of(self.symbol, [state.day for state in states], [self.price(state) for state in states])

    def expected_move(self, state: MarketState) -> float:
        """Expected, and by symmetry median, log return to the next day."""
        season = self.process.season
        return season(state.day + timedelta(days=1)) - season(state.day) - self.process.reversion * state.deviation

    def probability_up(self, state: MarketState) -> float:
        """Probability that the next price is higher."""
        move, process = self.expected_move(state), self.process
        with_jump = sqrt(process.noise**2 + process.jump_size**2)
        calm, jumping = _normal(move / process.noise), _normal(move / with_jump)
        return (1 - process.jump_share) * calm + process.jump_share * jumping

    def optimal_direction(self, state: MarketState) -> int:
        """The direction, 1 or -1, that no predictor can beat on average."""
        return 1 if self.expected_move(state) > 0 else -1

    def optimal_directions(self, states: list[MarketState]) -> Floats:
        """`optimal_direction` of each state, shape (n,)."""
        return np.array([self.optimal_direction(state) for state in states], dtype=np.float64)


def generated_markets(seed: int) -> tuple[GeneratedMarket, ...]:
    """One market per symbol of `SYMBOLS`."""
    return tuple(GeneratedMarket(seed, symbol) for symbol in SYMBOLS)


def _normal(value: float) -> float:
    """Standard normal distribution function."""
    return (1 + erf(value / sqrt(2))) / 2
