"""Judging a symbol's forest on years that it never saw, beside what costs nothing and what is possible at best."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray
from pricemodel.forest import Predicted
from pricemodel.market import SYMBOLS, GeneratedMarket
from pricemodel.training import TrainingSet
from pydantic import BaseModel, ConfigDict, Field

from model_training.scores import DirectionScores, Interval, direction_scores, share_of
from model_training.splits import Split

COIN = 0.5

Mask = NDArray[np.bool_]


class Part(BaseModel):
    """The days of a part and its number of rows."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date
    rows: int


class Judgement(BaseModel):
    """What became of one symbol."""

    model_config = ConfigDict(frozen=True)

    symbol: str
    train: Part
    validation: Part
    held_out: Part
    leaves: int = Field(description="Most leaves of a tree, chosen on the validation years.")
    leaf_rows: int = Field(description="Fewest rows of a leaf, chosen with it.")
    walk_forward: list[float] = Field(description="Balanced accuracy of each fold, oldest first.")
    model: DirectionScores
    majority: DirectionScores = Field(description="Always says what was more frequent in the years learnt from.")
    persistence: DirectionScores = Field(description="Says that the last move goes on.")
    price_error: float = Field(description="Mean absolute error of the next price, in the currency of the contract.")
    price_error_of_persistence: float = Field(description="The same for `the price stays as it is`.")
    optimum: DirectionScores | None = Field(
        default=None, description="The best predictor that there can be; known for generated prices only."
    )
    share_of_optimum: Interval | None = Field(default=None, description="The model's accuracy over the optimum's.")

    @property
    def verdict(self) -> str:
        """One sentence that claims no more than the held-out years show."""
        low, high = self.model.balanced_accuracy.low, self.model.balanced_accuracy.high
        if low > COIN:
            text = "better than a coin"
        elif high < COIN:
            text = "worse than a coin"
        else:
            text = "not distinguishable from a coin"
        return f"{self.symbol}: on the held-out years the direction is {text} (95 % interval {low:.3f} to {high:.3f})"


def judge(
    symbol: str, parts: Split, predicted: Predicted, *, chosen: tuple[int, int], walk_forward: list[float], seed: int
) -> Judgement:
    """Score predictions for the held-out rows of a symbol."""
    held_out = parts.held_out
    went_up = held_out.up
    majority = np.full(len(held_out), bool(parts.development.up.mean() > COIN))
    possible = optimal_directions(symbol, held_out)
    said_up = predicted.direction > 0
    return Judgement(
        symbol=symbol,
        train=_part(parts.train),
        validation=_part(parts.validation),
        held_out=_part(held_out),
        leaves=chosen[0],
        leaf_rows=chosen[1],
        walk_forward=walk_forward,
        model=direction_scores(said_up, went_up, seed=seed, probability_up=predicted.probability_up),
        majority=direction_scores(majority, went_up, seed=seed),
        persistence=direction_scores(held_out.features[:, 0] > 0, went_up, seed=seed),
        price_error=_error(predicted.prediction - held_out.next_prices),
        price_error_of_persistence=_error(held_out.prices - held_out.next_prices),
        optimum=None if possible is None else direction_scores(possible, went_up, seed=seed),
        share_of_optimum=(None if possible is None else share_of(said_up == went_up, possible == went_up, seed=seed)),
    )


def optimal_directions(symbol: str, rows: TrainingSet) -> Mask | None:
    """Rises that the optimal predictor of a generated market says, shape (rows,); None for real prices."""
    if symbol not in SYMBOLS:
        return None
    market = GeneratedMarket(seed=0, symbol=symbol)
    states = [market.state_of(day, price) for day, price in zip(rows.days.tolist(), rows.prices.tolist(), strict=True)]
    return market.optimal_directions(states) > 0


def _part(rows: TrainingSet) -> Part:
    return Part(first=rows.days[0].item(), last=rows.days[-1].item(), rows=len(rows))


def _error(differences: NDArray[np.float64]) -> float:
    return round(float(np.mean(np.abs(differences))), 6)
