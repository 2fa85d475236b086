"""Price models for tests: ones whose answers a test decides, and small real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pricemodel.features import FEATURE_NAMES, on_demand, stored_features
from pricemodel.forest import Forest, ModelError, ModelFacts, PriceModel, Probe
from pricemodel.market import GeneratedMarket
from pricemodel.registry import CHAMPION

SYMBOLS = ("SIM-NYISO-J", "SIM-PJM-WEST")


class Trees:
    """A forest that answers one value whatever it is asked."""

    def __init__(self, value: float) -> None:
        self.value = value

    def num_trees(self) -> int:
        return 2

    def predict(self, rows: Any, num_threads: int, *, pred_contrib: bool = False) -> Any:
        if pred_contrib:
            # Summed over both trees, as LightGBM does: the first feature explains all that the base does not.
            answer = np.zeros((len(rows), len(FEATURE_NAMES) + 1))
            answer[:, 0], answer[:, -1] = 2 * (self.value - 0.5), 2 * 0.5
            return answer
        return np.full(len(rows), self.value)


def fake_model(
    up: float = 0.7,
    size: float = 0.02,
    symbols: tuple[str, ...] = SYMBOLS,
    *,
    trained_until: str = "2015-12-31",
    probed_up: float | None = None,
) -> PriceModel:
    """A model that says one probability; with another probability in its probes its self-test fails."""
    features = tuple([0.0] * len(FEATURE_NAMES))
    expected = up if probed_up is None else probed_up
    prediction = float(50.0 * np.exp((2 * expected - 1) * size))
    facts = ModelFacts(
        symbols=symbols,
        trained_until=dict.fromkeys(symbols, trained_until),
        training_data_sha256="0" * 64,
        seed=1,
        probes=tuple(
            Probe(symbol=symbol, features=features, price=50.0, probability_up=expected, prediction=prediction)
            for symbol in symbols
        ),
    )
    forests: dict[str, Any] = {symbol: Forest(Trees(up), Trees(size)) for symbol in symbols}  # type: ignore[arg-type]
    return PriceModel(facts, forests)


class FakeSource:
    """A source of models in memory.

    Attributes:
        models: by alias, version and model; a text instead of a model is raised as `ModelError`.
        loads: aliases and versions that were loaded.
        away: raised by every call while it is set.
    """

    place = "the test's models"

    def __init__(self, **models: tuple[str, PriceModel | str]) -> None:
        self.models: dict[str, tuple[str, PriceModel | str]] = dict(models)
        self.loads: list[tuple[str, str]] = []
        self.away: Exception | None = None

    def named(self, alias: str) -> str | None:
        if self.away:
            raise self.away
        return self.models[alias][0] if alias in self.models else None

    def load(self, alias: str, version: str) -> PriceModel:
        self.loads.append((alias, version))
        if self.away:
            raise self.away
        model = self.models[alias][1]
        if isinstance(model, str):
            raise ModelError(model)
        return model


def champion(version: str = "1", model: PriceModel | None = None) -> dict[str, tuple[str, PriceModel | str]]:
    """Arguments of a source with a champion only."""
    return {CHAMPION: (version, model or fake_model())}


def inputs(count: int = 1, symbol: str = SYMBOLS[0]) -> list[dict[str, Any]]:
    """Inputs of a request, with features of a generated market and prices near its last one."""
    history = GeneratedMarket(seed=1, symbol=symbol).history(120)
    stored, last = stored_features(history), float(history.closes[-1])
    return [{"symbol": symbol, "price": round(last * (1 + 0.001 * at), 4), "features": stored} for at in range(count)]


def vector(one: Mapping[str, Any]) -> Any:
    """What the forest reads for an input."""
    return on_demand(one["features"], one["price"])


def small_model(folder: Path, *, seed: int = 1, days: int = 1000, trees: int = 10) -> PriceModel:
    """A real model of both symbols, grown in a second and saved into a folder."""
    from model_training.splits import SplitPlan
    from model_training.training import TrainingPlan, train

    histories = {symbol: GeneratedMarket(7, symbol).history(days) for symbol in SYMBOLS}
    plan = TrainingPlan(seed=seed, trees=trees, split=SplitPlan(held_out_years=1, validation_years=1, folds=2))
    trained = train(histories, plan)
    trained.model.save(folder)
    return trained.model
