"""From prices to predictions: features from one server, predictions from another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time_ns
from typing import Any, Protocol, TypeVar

from pricemodel.records import Prediction
from pydantic import BaseModel, ValidationError
from servicekit.auth.tokens import NoToken
from servicekit.client import ServiceRefused, ServiceUnavailable
from servicekit.hops import Hop
from servicekit.records import Record

from prediction_consumer import SERVICE
from prediction_consumer.answers import FeatureAnswer, PredictedPrice, PredictionAnswer
from prediction_consumer.isolation import Refused, isolating, refusal
from prediction_consumer.messages import Outgoing, Poison, Quote, dead_letter, passed_on, prediction_id, read

FEATURE_SERVER = "feature-server"
MODEL_SERVER = "model-server"
FEATURES_PATH = "/v1/features"
PREDICT_PATH = "/v1/models/commodity-price/predict"
REFUSALS = frozenset({400, 413, 422})
"""Statuses that say the request is at fault. Anything else but 200 is trouble of the service, and passes."""

A = TypeVar("A", bound=BaseModel)


class Unavailable(Exception):  # noqa: N818 - a state of another service
    """A service cannot do its work now: the same request will be answered later.

    Attributes:
        service: which.
        retry_after: seconds that it asked for; 0 when it said nothing.
    """

    def __init__(self, service: str, reason: str, retry_after: float = 0.0) -> None:
        """Say which service, and why."""
        super().__init__(f"{service}: {reason}")
        self.service = service
        self.reason = reason
        self.retry_after = retry_after


class Asker(Protocol):
    """The part of servicekit's client that is used here: JSON to one service, with time-out, tries, token and trace."""

    async def post(self, path: str, body: Any, *, idempotent: bool = False) -> Any:
        """The JSON that a path answers to a body."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: records to write, one an input, in the order of the inputs' partitions.

    Attributes:
        stale: predictions made from features older than the feature server wants them.
        poison: dead letters by kind.
    """

    records: list[Outgoing]
    predictions: int
    stale: int
    poison: dict[str, int]


class Predictor:
    """Turns batches of records into predictions and dead letters; holds no state between batches."""

    def __init__(self, features: Asker, model: Asker, *, topic: str, dead_letters: str) -> None:
        """Ask two services; name the topics of what is made."""
        self._features, self._model = features, model
        self._topic, self._dead_letters = topic, dead_letters

    async def predict(self, records: Sequence[Record]) -> Outcome:
        """Exactly one record for each input: a prediction, or a dead letter with its reason.

        Raises:
            Unavailable: a service cannot do its work; nothing of the batch is lost by trying it again.
        """
        quotes, poison = read(records)
        known = await self._known(quotes)
        featured_at = time_ns() // 1000
        able: list[tuple[Quote, dict[str, float | None]]] = []
        stale = 0
        for quote in quotes:
            row = known[quote.price.symbol]
            if isinstance(row, Poisoned):
                poison.append(Poison(quote.record, row.kind, row.reason))
            else:
                able.append((quote, row.features))
                stale += row.stale
        written, refused = await self._written(able, featured_at)
        poison += refused
        letters = [dead_letter(each, self._dead_letters) for each in poison]
        kinds: dict[str, int] = {}
        for each in poison:
            kinds[each.kind] = kinds.get(each.kind, 0) + 1
        return Outcome([*written, *letters], len(written), stale, kinds)

    async def _known(self, quotes: Sequence[Quote]) -> "dict[str, Row | Poisoned]":
        symbols = list(dict.fromkeys(quote.price.symbol for quote in quotes))

        async def ask(some: Sequence[str]) -> list[Row | Poisoned]:
            body = {"symbols": list(some)}
            answer = await _asked(self._features, FEATURE_SERVER, FEATURES_PATH, body, "symbols", FeatureAnswer)
            return _rows(some, answer)

        found = await isolating(symbols, ask)
        return {
            symbol: Poisoned("refused-by-feature-server", str(row)) if isinstance(row, Refused) else row
            for symbol, row in zip(symbols, found, strict=True)
        }

    async def _written(
        self, able: "Sequence[tuple[Quote, dict[str, float | None]]]", featured_at: int
    ) -> tuple[list[Outgoing], list[Poison]]:

        async def ask(
            some: Sequence[tuple[Quote, dict[str, float | None]]],
        ) -> list[tuple[PredictedPrice, int]]:
            inputs = [
                {"symbol": quote.price.symbol, "price": float(quote.price.price), "features": features}
                for quote, features in some
            ]
            body = {"inputs": inputs, "explain": False}
            answer = await _asked(self._model, MODEL_SERVER, PREDICT_PATH, body, "inputs", PredictionAnswer)
            told = [one.symbol for one in answer.predictions]
            if told != [quote.price.symbol for quote, _ in some]:
                raise Unavailable(
                    MODEL_SERVER,
                    f"malformed answer: {len(told)} predictions for {len(some)} inputs, or in another order",
                )
            at = time_ns() // 1000
            return [(one, at) for one in answer.predictions]

        written, poison = [], []
        for (quote, _), result in zip(able, await isolating(able, ask), strict=True):
            if isinstance(result, Refused):
                poison.append(Poison(quote.record, "refused-by-model-server", str(result)))
            else:
                written.append(self._record(quote, *result, featured_at))
        return written, poison

    def _record(self, quote: Quote, predicted: PredictedPrice, at: int, featured_at: int) -> Outgoing:
        prediction = Prediction(
            symbol=quote.price.symbol,
            prediction_id=prediction_id(quote.record),
            model_version=predicted.version,
            predicted_at=datetime.fromtimestamp(at / 1e6, UTC),
            prediction=predicted.prediction,
            confidence=predicted.confidence,
        )
        visited = (Hop(FEATURE_SERVER, featured_at), Hop(MODEL_SERVER, at), Hop(SERVICE, time_ns() // 1000))
        headers = passed_on(quote.record.headers, visited)
        return Outgoing(self._topic, quote.price.symbol.encode(), prediction.to_bytes(), headers)


@dataclass(frozen=True, slots=True)
class Row:
    """Features of one symbol by name."""

    features: dict[str, float | None]
    stale: bool


@dataclass(frozen=True, slots=True)
class Poisoned:
    """Why a symbol has no features."""

    kind: str
    reason: str


def _rows(symbols: Sequence[str], answer: FeatureAnswer) -> list[Row | Poisoned]:
    rows: dict[str, Row | Poisoned] = {
        symbol: Poisoned("unknown-symbol", f"{FEATURE_SERVER} has no features of the symbol {symbol!r}")
        for symbol in answer.missing
    }
    for row in answer.rows:
        if len(row.values) != len(answer.names):
            raise Unavailable(
                FEATURE_SERVER,
                f"malformed answer: {len(row.values)} values of {row.symbol!r} for {len(answer.names)} names",
            )
        rows[row.symbol] = Row(dict(zip(answer.names, row.values, strict=True)), row.stale)
    silent = [symbol for symbol in symbols if symbol not in rows]
    if silent:
        raise Unavailable(FEATURE_SERVER, f"malformed answer: it says nothing of {silent[0]!r}")
    return [rows[symbol] for symbol in symbols]


async def _asked(asker: Asker, service: str, path: str, body: Mapping[str, Any], field: str, model: type[A]) -> A:
    try:
        answer = await asker.post(path, body, idempotent=True)
    except ServiceRefused as refused:
        if refused.status in REFUSALS:
            raise refusal(service, refused.status, refused.detail, refused.document, field) from refused
        raise Unavailable(service, f"answers {refused.status}: {refused.detail}") from refused
    except ServiceUnavailable as error:
        raise Unavailable(service, str(error), error.retry_after or 0.0) from error
    except NoToken as error:
        raise Unavailable(service, str(error)) from error
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise Unavailable(service, f"malformed answer: {where}: {first['msg']}") from error
