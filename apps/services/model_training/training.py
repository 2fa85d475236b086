"""A whole training: choose, grow, judge; equal inputs give equal bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from pricemodel.digest import digest
from pricemodel.forest import Forest, ModelFacts, PriceModel, Probe
from pricemodel.history import History
from pricemodel.training import TrainingSet, training_set

from model_training.grow import SIZES, TreeSize, grow, grow_direction
from model_training.judge import Judgement, judge
from model_training.report import Report
from model_training.scores import direction_scores
from model_training.splits import Split, SplitPlan, split, walk_forward

TRIAL_SHARE = 4
"""A fourth of the trees is enough to compare tree sizes and folds, which needs many forests."""

PROBES = 3
"""Held-out rows per symbol whose answers the model carries for its self-test."""


@dataclass(frozen=True)
class TrainingPlan:
    """What decides about a training besides its data.

    Attributes:
        seed: seed of the forests and of the bootstrap.
        trees: trees per forest.
        split: the cuts in time.
    """

    seed: int = 1
    trees: int = 200
    split: SplitPlan = field(default_factory=SplitPlan)

    @property
    def trial_trees(self) -> int:
        """Trees of a forest that is only grown to compare."""
        return max(10, self.trees // TRIAL_SHARE)


@dataclass(frozen=True, eq=False)
class Trained:
    """A model, what it is worth, and the rows that it was judged on."""

    model: PriceModel
    report: Report
    held_out: Mapping[str, TrainingSet]


def train(
    histories: Mapping[str, History], plan: TrainingPlan, *, progress: Callable[[str], None] = lambda _text: None
) -> Trained:
    """Train on every history.

    The model that comes back is the one that was judged: it has learnt nothing from the held-out years.

    Args:
        histories: by symbol.
        plan: what decides besides them.
        progress: told a line per symbol.

    Raises:
        TooLittleHistoryError: a history is too short for the plan.
        ValueError: there are no histories, or one is too short for any feature.
    """
    if not histories:
        raise ValueError("there is no history to learn from")
    data = digest(histories)
    forests: dict[str, Forest] = {}
    parts: dict[str, Split] = {}
    judgements: list[Judgement] = []
    for symbol in sorted(histories):
        parts[symbol] = split(symbol, training_set(histories[symbol]), plan.split)
        forests[symbol], judgement = _train_symbol(symbol, parts[symbol], plan)
        judgements.append(judgement)
        progress(judgement.verdict)
    facts = ModelFacts(
        symbols=tuple(forests),
        trained_until={symbol: str(one.development.answered[-1]) for symbol, one in parts.items()},
        training_data_sha256=data,
        seed=plan.seed,
    )
    model = PriceModel(facts, forests)
    probes = tuple(probe for symbol, one in parts.items() for probe in _probes(model, symbol, one.held_out))
    model = PriceModel(facts.model_copy(update={"probes": probes}), forests)
    report = Report(
        training_data_sha256=data,
        seed=plan.seed,
        trees=plan.trees,
        embargo_days=plan.split.embargo_days,
        symbols=judgements,
    )
    return Trained(model, report, {symbol: one.held_out for symbol, one in parts.items()})


def _train_symbol(symbol: str, parts: Split, plan: TrainingPlan) -> tuple[Forest, Judgement]:
    chosen = _choose(parts, plan)
    folds = [
        _balanced(learnt, judged, chosen, plan)
        for learnt, judged in walk_forward(parts.development, plan.split)
        if len(learnt) and len(judged)
    ]
    forest = grow(parts.development, chosen, trees=plan.trees, seed=plan.seed)
    alone = PriceModel(_facts_of(symbol), {symbol: forest})
    rows = parts.held_out
    predicted = alone.predict([symbol] * len(rows), rows.features, rows.prices)
    judgement = judge(symbol, parts, predicted, chosen=(chosen.leaves, chosen.rows), walk_forward=folds, seed=plan.seed)
    return forest, judgement


def _choose(parts: Split, plan: TrainingPlan) -> TreeSize:
    """The tree size with the smallest Brier score on the validation years; the smaller trees where two are equal."""
    briers = []
    for size in SIZES:
        forest = grow_direction(parts.train, size, trees=plan.trial_trees, seed=plan.seed)
        said = forest.predict(parts.validation.features, num_threads=1)
        briers.append(float(np.mean((said - parts.validation.up) ** 2)))
    return SIZES[int(np.argmin(briers))]


def _balanced(learnt: TrainingSet, judged: TrainingSet, size: TreeSize, plan: TrainingPlan) -> float:
    forest = grow_direction(learnt, size, trees=plan.trial_trees, seed=plan.seed)
    said_up = forest.predict(judged.features, num_threads=1) > 0.5
    return direction_scores(said_up, judged.up, seed=plan.seed).balanced_accuracy.value


def _probes(model: PriceModel, symbol: str, rows: TrainingSet) -> list[Probe]:
    places = np.linspace(0, len(rows) - 1, PROBES).astype(int)
    some = rows.select(places)
    answers = model.predict([symbol] * len(some), some.features, some.prices)
    return [
        Probe(
            symbol=symbol,
            features=tuple(some.features[place].tolist()),
            price=float(some.prices[place]),
            probability_up=float(answers.probability_up[place]),
            prediction=float(answers.prediction[place]),
        )
        for place in range(len(some))
    ]


def _facts_of(symbol: str) -> ModelFacts:
    return ModelFacts(symbols=(symbol,), trained_until={}, training_data_sha256="", seed=0)
