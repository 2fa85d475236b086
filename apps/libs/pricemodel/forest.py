"""The model itself: two random forests per symbol, and the folder in which they travel.

LightGBM is imported when the first forest is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pricemodel import MODEL_NAME
from pricemodel.features import FEATURE_NAMES
from pricemodel.history import Floats
from pricemodel.native import lightgbm

if TYPE_CHECKING:
    from lightgbm import Booster

FORMAT = 1
FACTS_FILE = "model.json"


class ModelError(Exception):
    """A model cannot be used; the message names the folder or version, what is wrong and what to do."""


class Probe(BaseModel):
    """One input with the answer that the model gave when it was trained: what its self-test repeats."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    features: tuple[float, ...]
    price: float
    probability_up: float
    prediction: float


class ModelFacts(BaseModel):
    """What a model says about itself.

    Attributes:
        format: layout of the folder.
        name: registered name.
        feature_names: what a row holds, in order.
        symbols: symbols that it was trained for.
        trained_until: per symbol, the last day of which a price was learnt from (ISO 8601).
        training_data_sha256: digest of all histories given to the training.
        seed: seed of the training.
        files: SHA-256 of each file of the folder; filled when the model is saved.
        probes: inputs and answers of the self-test.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    name: str = MODEL_NAME
    feature_names: tuple[str, ...] = FEATURE_NAMES
    symbols: tuple[str, ...] = Field(min_length=1)
    trained_until: Mapping[str, str]
    training_data_sha256: str
    seed: int
    files: Mapping[str, str] = Field(default_factory=dict)
    probes: tuple[Probe, ...] = ()


@dataclass(frozen=True, eq=False)
class Forest:
    """The two forests of one symbol.

    Attributes:
        direction: probability that the next price is higher: the mean over trees of the share of rises in a leaf.
        size: absolute log return to the next price.
    """

    direction: Booster
    size: Booster


@dataclass(frozen=True, eq=False)
class Predicted:
    """Answers for some rows, each array of shape (rows,).

    Attributes:
        probability_up: probability that the next price is higher than the one at hand.
        prediction: expected next price: the price moved by the expected size in the expected direction, so that it
            never contradicts ``direction``.
    """

    probability_up: Floats
    prediction: Floats

    @property
    def direction(self) -> NDArray[np.int64]:
        """1 where a rise is the likelier, else -1; a tie is a fall, since an unchanged price counts as no rise."""
        return np.where(self.probability_up > 0.5, 1, -1)

    @property
    def confidence(self) -> Floats:
        """Probability of the direction, 0.5 to 1."""
        return np.maximum(self.probability_up, 1 - self.probability_up)


@dataclass(frozen=True, eq=False)
class PriceModel:
    """A trained model of one or more symbols."""

    facts: ModelFacts
    forests: Mapping[str, Forest]

    def predict(self, symbols: Sequence[str], features: Floats, prices: Floats) -> Predicted:
        """Answer rows of any mixture of symbols.

        Args:
            symbols: symbol of each row.
            features: rows as `pricemodel.features.on_demand` makes them, shape (rows, features).
            prices: price at hand of each row, shape (rows,).

        Raises:
            ModelError: a symbol is not known to the model.
        """
        up, size = np.empty(len(symbols)), np.empty(len(symbols))
        for symbol, rows in self._grouped(symbols):
            forest = self._forest(symbol)
            # One thread: requests are many and small, and threads of a pool would only wait for each other.
            up[rows] = np.clip(forest.direction.predict(features[rows], num_threads=1), 0.0, 1.0)
            size[rows] = np.maximum(forest.size.predict(features[rows], num_threads=1), 0.0)
        return Predicted(up, prices * np.exp((2 * up - 1) * size))

    def explain(self, symbols: Sequence[str], features: Floats) -> tuple[Floats, Floats]:
        """SHAP values of ``probability_up``.

        Returns:
            The contribution of each feature, shape (rows, features), and the base value, shape (rows,): base plus
            contributions is the probability.

        Raises:
            ModelError: a symbol is not known to the model.
        """
        answer = np.empty((len(symbols), len(self.facts.feature_names) + 1))
        for symbol, rows in self._grouped(symbols):
            forest = self._forest(symbol).direction
            # Of a random forest LightGBM gives the sum over trees, though the forest answers their mean.
            summed = np.asarray(forest.predict(features[rows], pred_contrib=True, num_threads=1))
            answer[rows] = summed / forest.num_trees()
        return answer[:, :-1], answer[:, -1]

    def self_test(self) -> None:
        """Repeat the answers that were written down at training.

        Raises:
            ModelError: there are none, they differ, or the model reads other features than are made here.
        """
        if self.facts.feature_names != FEATURE_NAMES:
            unlike = sorted(set(self.facts.feature_names) ^ set(FEATURE_NAMES)) or "the same in another order"
            raise ModelError(f"the model reads other features than this version makes: {unlike}; train it again")
        silent = set(self.facts.symbols) - {probe.symbol for probe in self.facts.probes}
        if silent:
            raise ModelError(f"the model carries no probe of {', '.join(sorted(silent))}; train it again")
        probes = self.facts.probes
        rows = np.array([probe.features for probe in probes])
        got = self.predict([probe.symbol for probe in probes], rows, np.array([probe.price for probe in probes]))
        for place, probe in enumerate(probes):
            pair = (float(got.probability_up[place]), float(got.prediction[place]))
            if not np.allclose(pair, (probe.probability_up, probe.prediction), rtol=1e-9, atol=1e-12):
                message = (
                    f"self-test of {probe.symbol}: probability and price are {pair}, were "
                    f"{(probe.probability_up, probe.prediction)} at training; the files are damaged or mixed up"
                )
                raise ModelError(message)

    def save(self, folder: Path) -> None:
        """Write the model into an empty or new folder: text files only, nothing that runs when it is read."""
        folder.mkdir(parents=True, exist_ok=True)
        texts = {}
        for symbol, forest in self.forests.items():
            texts[f"{symbol}.direction.txt"] = forest.direction.model_to_string()
            texts[f"{symbol}.size.txt"] = forest.size.model_to_string()
        for name, text in texts.items():
            (folder / name).write_text(text)
        files = {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}
        (folder / FACTS_FILE).write_text(
            self.facts.model_copy(update={"files": files}).model_dump_json(indent=1) + "\n"
        )

    def _forest(self, symbol: str) -> Forest:
        if symbol not in self.forests:
            raise ModelError(f"symbol {symbol} is not one of the model's: {', '.join(self.facts.symbols)}")
        return self.forests[symbol]

    @staticmethod
    def _grouped(symbols: Sequence[str]) -> list[tuple[str, list[int]]]:
        groups: dict[str, list[int]] = {}
        for row, symbol in enumerate(symbols):
            groups.setdefault(symbol, []).append(row)
        return list(groups.items())


def load_model(folder: Path) -> PriceModel:
    """Read a model that `PriceModel.save` wrote; its self-test is not run.

    Raises:
        ModelError: a file is missing or damaged, or of another format.
        LibraryMissingError: LightGBM cannot be loaded.
    """
    facts = _facts(folder / FACTS_FILE)
    forests = {
        symbol: Forest(
            direction=_booster(folder / f"{symbol}.direction.txt", facts),
            size=_booster(folder / f"{symbol}.size.txt", facts),
        )
        for symbol in facts.symbols
    }
    return PriceModel(facts, forests)


def _facts(path: Path) -> ModelFacts:
    try:
        content: Any = json.loads(path.read_text())
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; a model folder holds {FACTS_FILE}") from error
    except ValueError as error:
        raise ModelError(f"{path}: not JSON: {error}") from error
    if isinstance(content, dict) and content.get("format") != FORMAT:
        raise ModelError(f"{path}: format is {content.get('format')!r}; this version reads {FORMAT}: train it again")
    try:
        return ModelFacts.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(f"{path}: {where}: {first['msg']}") from error


def _booster(path: Path, facts: ModelFacts) -> Booster:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; copy the whole folder, or train the model again") from error
    # LightGBM aborts the process on a damaged file, from a thread of its own: nothing but what was written is read.
    if sha256(content).hexdigest() != facts.files.get(path.name):
        raise ModelError(f"{path}: not the file that {FACTS_FILE} lists: damaged, or of another model; copy it again")
    booster: Booster = lightgbm().Booster(model_str=content.decode())
    if booster.num_feature() != len(facts.feature_names):
        message = f"{path}: reads {booster.num_feature()} features, {FACTS_FILE} names {len(facts.feature_names)}"
        raise ModelError(f"{message}; train it again")
    return booster
