"""How good directions are: counts, shares of them, and how sure the shares are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pricemodel.history import Floats
from pydantic import BaseModel, ConfigDict, Field

Mask = NDArray[np.bool_]

RESAMPLES = 1000
BLOCK = 20
"""Rows drawn together, so that what is alike on neighbouring days stays together: a trading month."""


class Interval(BaseModel):
    """A share with its 95 % bootstrap interval."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float


class DirectionScores(BaseModel):
    """Scores of predicted directions against what came.

    Precision, recall: of rises. Balanced accuracy: mean of the shares of rises and of falls that were foreseen; 0.5
    is what a coin reaches, and what anybody reaches who always says the same.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    accuracy: Interval
    balanced_accuracy: Interval
    precision: Interval
    recall: Interval
    brier: float | None = Field(default=None, description="Mean squared error of the probability; 0.25 is a coin's.")


def direction_scores(
    said_up: Mask, went_up: Mask, *, seed: int, probability_up: Floats | None = None
) -> DirectionScores:
    """Score predicted directions, in time order; a share of nothing counts as 0."""
    counts = np.stack([said_up & went_up, said_up & ~went_up, ~said_up & went_up, ~said_up & ~went_up]).astype(float)
    drawn = _resampled(counts, seed)
    shares, resampled = _shares(counts.sum(axis=1)), _shares(drawn)
    intervals = {
        name: Interval(value=_plain(value), low=_plain(low), high=_plain(high))
        for name, value in shares.items()
        for low, high in [np.quantile(resampled[name], [0.025, 0.975])]
    }
    brier = None if probability_up is None else _plain(float(np.mean((probability_up - went_up) ** 2)))
    return DirectionScores(rows=len(went_up), brier=brier, **intervals)


def share_of(reached: Mask, possible: Mask, *, seed: int) -> Interval:
    """Ratio of two accuracies on the same rows, drawn together: how much of the possible was reached."""
    counts = np.stack([reached, possible]).astype(float)
    drawn = _resampled(counts, seed)
    ratio = np.quantile(drawn[0] / np.maximum(drawn[1], 1.0), [0.025, 0.975])
    value = counts[0].sum() / max(counts[1].sum(), 1.0)
    return Interval(value=_plain(value), low=_plain(ratio[0]), high=_plain(ratio[1]))


def _resampled(counts: Floats, seed: int) -> Floats:
    """Sums of ``counts`` (kinds, rows) over blocks drawn with replacement, shape (kinds, resamples)."""
    rows = counts.shape[1]
    length = min(BLOCK, rows)
    ring = np.concatenate([counts, counts[:, : length - 1]], axis=1)
    sums = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(ring, axis=1)], axis=1)
    blocks = sums[:, length:] - sums[:, :-length]
    starts = np.random.default_rng(seed).integers(0, rows, size=(RESAMPLES, -(-rows // length)))
    drawn: Floats = blocks[:, starts].sum(axis=2)
    return drawn


def _shares(counts: Floats) -> dict[str, Floats]:
    """Shares of (true rises, false rises, missed rises, true falls); the counts may be numbers or arrays."""
    true_up, false_up, missed_up, true_down = counts
    recall, falls = _of(true_up, true_up + missed_up), _of(true_down, true_down + false_up)
    return {
        "accuracy": _of(true_up + true_down, counts.sum(axis=0)),
        "balanced_accuracy": (recall + falls) / 2,
        "precision": _of(true_up, true_up + false_up),
        "recall": recall,
    }


def _of(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.maximum(whole, 1.0), 0.0)


def _plain(value: float | Floats) -> float:
    """Six decimals: beyond them a difference is noise, and reports of one seed compare as text."""
    return round(float(value), 6)
