"""Growing forests: LightGBM in random-forest mode, the same trees for a seed on every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pricemodel.forest import Forest
from pricemodel.history import Floats
from pricemodel.native import lightgbm
from pricemodel.training import TrainingSet


@dataclass(frozen=True)
class TreeSize:
    """How far a tree may grow.

    Attributes:
        leaves: most leaves of a tree.
        rows: fewest rows of a leaf.
    """

    leaves: int
    rows: int


SIZES = (TreeSize(15, 100), TreeSize(31, 50), TreeSize(63, 20))
"""What validation chooses from: from few, well-filled leaves to many."""


def grow(rows: TrainingSet, size: TreeSize, *, trees: int, seed: int) -> Forest:
    """Grow both forests of a symbol from its rows."""
    return Forest(
        direction=_grow(rows.features, rows.up.astype(float), size, trees=trees, seed=seed),
        size=_grow(rows.features, rows.sizes, size, trees=trees, seed=seed + 1),
    )


def grow_direction(rows: TrainingSet, size: TreeSize, *, trees: int, seed: int) -> Any:
    """Grow the forest of directions alone."""
    return _grow(rows.features, rows.up.astype(float), size, trees=trees, seed=seed)


def _grow(features: Floats, target: Floats, size: TreeSize, *, trees: int, seed: int) -> Any:
    parameters = {
        "boosting": "rf",
        # Squared error on 0 and 1: a leaf is then the share of rises in it and the forest their mean, which is a
        # probability; the logistic objective makes one Newton step per tree instead, which is none.
        "objective": "regression",
        "bagging_freq": 1,
        # The share of distinct rows that a bootstrap sample holds.
        "bagging_fraction": 0.632,
        "feature_fraction_bynode": 0.5,
        "num_leaves": size.leaves,
        "min_data_in_leaf": size.rows,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    library = lightgbm()
    return library.train(parameters, library.Dataset(features, target), num_boost_round=trees)
