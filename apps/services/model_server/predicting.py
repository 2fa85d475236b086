"""From inputs to answers: features, the right version for each row, and why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from pricemodel.features import FEATURE_NAMES, STORED_NAMES, MissingFeatureError, on_demand
from pricemodel.forest import Predicted
from pricemodel.history import Floats

from model_server.api import Answer, Explanation, Input, PredictResponse
from model_server.keeper import Loaded, Serving
from model_server.measures import Measures
from model_server.shadow import Mirrored, Shadow
from model_server.traffic import Variant

INLINE_ROWS = 16
"""Up to so many rows the forests take less time than handing them to a thread and back costs under load."""


class InputError(Exception):
    """An input that the model cannot answer.

    Attributes:
        place: number of the input.
        field: which of its fields.
        reason: what is wrong with it.
    """

    def __init__(self, place: int, field: str, reason: str) -> None:
        """Name the input, the field and the reason."""
        super().__init__(f"inputs.{place}.{field}: {reason}")
        self.place, self.field, self.reason = place, field, reason


@dataclass(frozen=True, eq=False)
class _Batch:
    """Rows of one request that one version answers."""

    rows: list[int]
    loaded: Loaded
    variant: Variant


class Predictor:
    """Answers requests by whatever is in service when they come."""

    def __init__(self, measures: Measures, threads: Executor, shadow: Shadow | None) -> None:
        """Measure, run large requests in ``threads``, and mirror to a shadow where there is one."""
        self._measures, self._threads, self._shadow = measures, threads, shadow

    async def answer(
        self, serving: Serving, inputs: Sequence[Input], variants: Sequence[Variant], *, explain: bool
    ) -> PredictResponse:
        """Answer the inputs of one request.

        Args:
            serving: the versions in service; its champion must be there.
            inputs: the inputs.
            variants: which version answers each.
            explain: whether to say why.

        Raises:
            InputError: a version does not know a symbol, or a feature is missing.
        """
        batches = _batches(serving, variants)
        for batch in batches:
            _must_know(batch, inputs)
        if len(inputs) <= INLINE_ROWS and not explain:
            answers, features, prices = self._compute(batches, inputs, explain=explain)
        else:
            loop = asyncio.get_running_loop()
            answers, features, prices = await loop.run_in_executor(
                self._threads, lambda: self._compute(batches, inputs, explain=explain)
            )
        predicted = [answer for _, answer in sorted(answers, key=lambda pair: pair[0])]
        self._mirror(serving, inputs, variants, predicted, features, prices)
        alone = batches[0] if len(batches) == 1 else None
        champion = serving.champion
        assert champion is not None
        return PredictResponse(
            version=alone.loaded.version if alone else champion.version,
            variant=alone.variant if alone else "mixed",
            predictions=predicted,
        )

    def _compute(
        self, batches: Sequence[_Batch], inputs: Sequence[Input], *, explain: bool
    ) -> tuple[list[tuple[int, Answer]], Floats, Floats]:
        started = time.perf_counter()
        features, prices = _rows(inputs)
        answers = [pair for batch in batches for pair in self._ask(batch, inputs, features, prices, explain=explain)]
        self._measures.seconds.labels("yes" if explain else "no").observe(time.perf_counter() - started)
        return answers, features, prices

    def _ask(
        self, batch: _Batch, inputs: Sequence[Input], features: Floats, prices: Floats, *, explain: bool
    ) -> list[tuple[int, Answer]]:
        symbols = [inputs[row].symbol for row in batch.rows]
        model, version, variant = batch.loaded.model, batch.loaded.version, batch.variant.value
        said = model.predict(symbols, features[batch.rows], prices[batch.rows])
        why = _explanations(model.explain(symbols, features[batch.rows]), said) if explain else [None] * len(symbols)
        directions = said.direction.tolist()
        for direction in (1, -1):
            count = directions.count(direction)
            if count:
                self._measures.predictions.labels(version, variant, "up" if direction > 0 else "down").inc(count)
        confidence = self._measures.confidence.labels(version, variant)
        answers = []
        columns = (batch.rows, symbols, said.prediction.tolist(), directions, said.confidence.tolist(), why)
        for row, symbol, prediction, direction, sure, explanation in zip(*columns, strict=True):
            confidence.observe(sure)
            answer = Answer(
                symbol=symbol,
                prediction=prediction,
                direction=direction,
                confidence=sure,
                version=version,
                variant=variant,
                explanation=explanation,
            )
            answers.append((row, answer))
        return answers

    def _mirror(
        self,
        serving: Serving,
        inputs: Sequence[Input],
        variants: Sequence[Variant],
        answers: Sequence[Answer],
        features: Floats,
        prices: Floats,
    ) -> None:
        """Hand what the champion answered to the shadow."""
        if self._shadow is None or serving.challenger is None:
            return
        rows = [row for row, variant in enumerate(variants) if variant is Variant.CHAMPION]
        if not rows:
            return
        chosen = [answers[row] for row in rows]
        up = np.array([one.confidence if one.direction > 0 else 1 - one.confidence for one in chosen])
        answered = Predicted(up, np.array([one.prediction for one in chosen]))
        symbols = [inputs[row].symbol for row in rows]
        self._shadow.mirror(Mirrored(serving.challenger, symbols, features[rows], prices[rows], answered))


def _batches(serving: Serving, variants: Sequence[Variant]) -> list[_Batch]:
    batches = []
    for variant in dict.fromkeys(variants):
        loaded = serving.champion if variant is Variant.CHAMPION else serving.challenger
        assert loaded is not None
        batches.append(_Batch([row for row, one in enumerate(variants) if one is variant], loaded, variant))
    return batches


def _must_know(batch: _Batch, inputs: Sequence[Input]) -> None:
    known = batch.loaded.model.forests
    for row in batch.rows:
        symbol = inputs[row].symbol
        if symbol not in known:
            reason = f"version {batch.loaded.version} does not know {symbol}; it knows {', '.join(sorted(known))}"
            raise InputError(row, "symbol", reason)


def _rows(inputs: Sequence[Input]) -> tuple[Floats, Floats]:
    """Rows as the forests read them, and the prices.

    Raises:
        InputError: an input lacks a feature, or one makes no sense.
    """
    for place, one in enumerate(inputs):
        if not one.features.keys() >= _NEEDED:
            missing = next(name for name in STORED_NAMES if name not in one.features)
            raise InputError(place, f"features.{missing}", "is missing; feature-server answers it")
    prices = np.array([one.price for one in inputs])
    stored = {name: np.array([one.features[name] for one in inputs]) for name in STORED_NAMES}
    try:
        return on_demand(stored, prices), prices
    except MissingFeatureError as error:
        wrong = np.flatnonzero(~(stored[error.name] > 0))
        raise InputError(int(wrong[0]) if wrong.size else 0, f"features.{error.name}", error.reason) from error


_NEEDED = frozenset(STORED_NAMES)


def _explanations(values: tuple[Floats, Floats], said: Predicted) -> list[Explanation]:
    contributions, base = values
    return [
        Explanation(base=start, contributions=dict(zip(FEATURE_NAMES, row, strict=True)), probability_up=up)
        for row, start, up in zip(contributions.tolist(), base.tolist(), said.probability_up.tolist(), strict=True)
    ]
