"""Cuts in time: what is learnt from lies before what is judged on, with a gap between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pricemodel.training import TrainingSet

Mask = NDArray[np.bool_]
Day = np.datetime64

MINIMUM_ROWS = 100
"""Fewer rows than this, in any part, say nothing about a model."""


class TooLittleHistoryError(Exception):
    """A history is too short for the wanted parts; the message names the symbol, the part and the limit."""


@dataclass(frozen=True)
class SplitPlan:
    """Where the cuts are.

    Attributes:
        held_out_years: last years, judged on once, at the end.
        validation_years: years before them, on which the size of the trees is chosen.
        embargo_days: calendar days before each cut whose answers are learnt from by nobody.
        folds: parts of the walk-forward over all that is not held out.
    """

    held_out_years: int = 3
    validation_years: int = 2
    embargo_days: int = 5
    folds: int = 4


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the three parts, in time order and apart from each other by the embargo."""

    train: TrainingSet
    validation: TrainingSet
    held_out: TrainingSet
    development: TrainingSet


def split(symbol: str, rows: TrainingSet, plan: SplitPlan) -> Split:
    """Cut the rows of a symbol by years counted back from its last day.

    ``development`` is all that may be learnt from once the tree size is chosen: training and validation rows together.

    Raises:
        TooLittleHistoryError: a part has fewer than `MINIMUM_ROWS` rows.
    """
    held_out_from = _years_before(rows.answered[-1], plan.held_out_years)
    validation_from = _years_before(rows.answered[-1], plan.held_out_years + plan.validation_years)
    parts = Split(
        train=before(rows, validation_from, plan.embargo_days),
        validation=_between(rows, validation_from, held_out_from, plan.embargo_days),
        held_out=rows.select(rows.days >= held_out_from),
        development=before(rows, held_out_from, plan.embargo_days),
    )
    for name in ("train", "validation", "held_out"):
        count = len(getattr(parts, name))
        if count < MINIMUM_ROWS:
            raise TooLittleHistoryError(
                f"{symbol}: {count} rows in the part {name}, at least {MINIMUM_ROWS} are needed; give a longer history "
                f"or fewer years (held out {plan.held_out_years}, validation {plan.validation_years})"
            )
    return parts


def before(rows: TrainingSet, day: Day, embargo_days: int) -> TrainingSet:
    """Rows whose answer was known more than the embargo before a day."""
    return rows.select(rows.answered < day - np.timedelta64(embargo_days, "D"))


def walk_forward(rows: TrainingSet, plan: SplitPlan) -> Iterator[tuple[TrainingSet, TrainingSet]]:
    """Pairs of what is learnt from and what follows it: the first half of the rows, then ever more of them."""
    edges = np.linspace(len(rows) // 2, len(rows), plan.folds + 1).astype(int)
    for start, end in pairwise(edges):
        judged = rows.select(np.arange(start, end))
        yield before(rows, judged.days[0], plan.embargo_days), judged


def _between(rows: TrainingSet, start: Day, end: Day, embargo_days: int) -> TrainingSet:
    known: NDArray[Any] = rows.answered < end - np.timedelta64(embargo_days, "D")
    return rows.select((rows.days >= start) & known)


def _years_before(day: Day, years: int) -> Day:
    """The day after the same calendar day ``years`` earlier; 29 February is taken for the 28th where there is none."""
    last = day.item()
    assert isinstance(last, date)
    year = last.year - years
    leap_day = (last.month, last.day) == (2, 29)
    earlier = date(year, 2, 28) if leap_day else last.replace(year=year)
    return np.datetime64(earlier + timedelta(days=1), "D")
