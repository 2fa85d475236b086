"""Whether a new model takes over: only if it is not worse than the present one on days neither has learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pricemodel.features import FEATURE_NAMES
from pricemodel.forest import PriceModel
from pricemodel.training import TrainingSet


@dataclass(frozen=True)
class Decision:
    """Whether to promote, why, and the figures behind it (Brier scores, lower is better; None where not compared)."""

    promote: bool
    reason: str
    challenger_brier: float | None = None
    champion_brier: float | None = None


def decide(
    challenger: PriceModel, champion: PriceModel | None, held_out: Mapping[str, TrainingSet], *, tolerance: float
) -> Decision:
    """Compare two models on the held-out days of the new one that the present one has not learnt from either.

    Args:
        challenger: the new model.
        champion: the present one; None where there is none, or none that this program can read.
        held_out: rows by symbol that the challenger has not learnt from.
        tolerance: how much worse the mean Brier score may be.
    """
    if champion is None:
        return Decision(promote=True, reason="there is no champion that could be compared")
    lost = sorted(set(champion.facts.symbols) - set(challenger.facts.symbols))
    if lost:
        return Decision(promote=False, reason=f"it does not know {', '.join(lost)}, which the champion knows")
    if champion.facts.feature_names != FEATURE_NAMES:
        return Decision(promote=True, reason="the champion reads features that are no longer made")
    common = _unknown_to(champion, held_out)
    if not common:
        return Decision(promote=False, reason="the champion has learnt from every held-out day: nothing to compare on")
    new, old = _brier(challenger, common), _brier(champion, common)
    days = sum(len(rows) for rows in common.values())
    promote = new <= old + tolerance
    reason = (
        f"Brier score {new:.6f} on {days} days that neither has learnt from; the champion's is {old:.6f}, "
        f"tolerance {tolerance:g}: {'not worse' if promote else 'worse'}"
    )
    return Decision(promote=promote, reason=reason, challenger_brier=new, champion_brier=old)


def _unknown_to(model: PriceModel, held_out: Mapping[str, TrainingSet]) -> dict[str, TrainingSet]:
    rest = {}
    for symbol in model.facts.symbols:
        rows = held_out[symbol]
        learnt = np.datetime64(model.facts.trained_until[symbol], "D")
        rest[symbol] = rows.select(rows.days > learnt)
    return {symbol: rows for symbol, rows in rest.items() if len(rows)}


def _brier(model: PriceModel, rows: Mapping[str, TrainingSet]) -> float:
    """Mean over symbols of the mean squared error of the probability."""
    errors = []
    for symbol, some in rows.items():
        said = model.predict([symbol] * len(some), some.features, some.prices)
        errors.append(float(np.mean((said.probability_up - some.up) ** 2)))
    return float(np.mean(errors))
