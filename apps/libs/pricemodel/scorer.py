"""What MLflow calls to score with the model: `mlflow models serve` and `mlflow.pyfunc.load_model` find it by its name.

A frame has a column `symbol`, a column `price`, and one per stored feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pricemodel.features import STORED_NAMES, on_demand
from pricemodel.forest import PriceModel, load_model

COLUMNS = ("symbol", "price", *STORED_NAMES)


class Scorer:
    """The model behind MLflow's interface."""

    def __init__(self, model: PriceModel) -> None:
        """Score with a model."""
        self._model = model

    def predict(self, frame: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Answer each row of a data frame with prediction, direction and confidence."""
        del params
        symbols = [str(symbol) for symbol in frame["symbol"]]
        prices = np.asarray(frame["price"], dtype=np.float64)
        stored = {name: np.asarray(frame[name], dtype=np.float64) for name in STORED_NAMES}
        got = self._model.predict(symbols, on_demand(stored, prices), prices)
        columns = (got.prediction.tolist(), got.direction.tolist(), got.confidence.tolist())
        return [
            {"symbol": symbol, "prediction": prediction, "direction": direction, "confidence": confidence}
            for symbol, prediction, direction, confidence in zip(symbols, *columns, strict=True)
        ]


def _load_pyfunc(data_path: str) -> Scorer:
    """Read the model; the name and the signature are MLflow's."""
    model = load_model(Path(data_path))
    model.self_test()
    return Scorer(model)
