from typing import Any

import orjson
import pytest
from prediction_consumer.messages import prediction_id
from prediction_consumer.predictor import Predictor, Unavailable
from pricemodel.records import Prediction
from servicekit import hops
from servicekit.auth.tokens import NoToken
from servicekit.client import ServiceRefused, ServiceUnavailable
from servicekit.records import Record

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def record(offset: int = 0, symbol: str = "WTI", value: bytes | None = b"", price: str = "70.10") -> Record:
    if value == b"":
        fields = {"symbol": symbol, "price": price, "currency": "USD", "traded_at": "2026-01-31T12:00:00Z"}
        value = orjson.dumps(fields)
    headers = {"traceparent": TRACE, "hops": b"price-feed=5"}
    return Record("commodity-prices", 2, offset, symbol.encode(), value, headers, 1000)


class Features:
    """Knows every symbol but NONE; refuses those that begin with BAD."""

    answer: object = None
    error: Exception | None = None

    def __init__(self) -> None:
        self.asked = []

    async def post(self, path: str, body: dict[str, Any], *, idempotent: bool = False):
        self.asked.append((path, body["symbols"], idempotent))
        if self.error:
            raise self.error
        if self.answer is not None:
            return self.answer
        bad = [place for place, symbol in enumerate(body["symbols"]) if symbol.startswith("BAD")]
        if bad:
            errors = [{"location": f"body.symbols.{place}", "message": "no such form"} for place in bad]
            raise ServiceRefused("feature-server", 422, "not valid", {"errors": errors})
        known = [symbol for symbol in body["symbols"] if symbol != "NONE"]
        rows = [{"symbol": each, "values": [1.5, None], "stale": each == "OLD"} for each in known]
        return {"names": ["a", "b"], "rows": rows, "missing": sorted(set(body["symbols"]) - set(known))}


class Model:
    """Predicts the price plus one; refuses a price of 13."""

    answer: object = None
    error: Exception | None = None

    def __init__(self) -> None:
        self.asked = []

    async def post(self, path: str, body: dict[str, Any], *, idempotent: bool = False):
        self.asked.append(body["inputs"])
        if self.error:
            raise self.error
        if self.answer is not None:
            return self.answer
        if any(one["price"] == 13 for one in body["inputs"]):
            raise ServiceRefused("model-server", 422, "unlucky")
        predictions = [
            {
                "symbol": one["symbol"],
                "prediction": one["price"] + 1,
                "direction": 1,
                "confidence": 0.7,
                "version": "8" if one["symbol"] == "CHALLENGED" else "7",
            }
            for one in body["inputs"]
        ]
        variant = "mixed" if len({one["version"] for one in predictions}) > 1 else "champion"
        return {"model": "m", "version": "7", "variant": variant, "predictions": predictions}


@pytest.fixture
def features() -> Features:
    return Features()


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def predictor(features: Features, model: Model) -> Predictor:
    return Predictor(features, model, topic="ml-predictions", dead_letters="prediction-consumer.dead-letter")


async def test_a_price_becomes_one_prediction_that_carries_its_trace_and_hops(predictor: Predictor, model: Model):
    outcome = await predictor.predict([record(41)])
    [made] = outcome.records
    assert (made.topic, made.key) == ("ml-predictions", b"WTI")
    prediction = Prediction.parse(made.value)
    assert (prediction.prediction, prediction.confidence, prediction.model_version) == (71.1, 0.7, "7")
    assert prediction.prediction_id == prediction_id(record(41))
    assert made.headers["traceparent"] == TRACE
    visited = [hop.service for hop in hops.parse(made.headers)]
    assert visited == ["price-feed", "feature-server", "model-server", "prediction-consumer"]
    assert model.asked == [[{"symbol": "WTI", "price": 70.1, "features": {"a": 1.5, "b": None}}]]


async def test_in_an_a_b_test_each_prediction_carries_the_version_that_made_it(predictor: Predictor):
    batch = [record(0, "WTI"), record(1, "CHALLENGED"), record(2, "WTI")]
    made = [Prediction.parse(one.value) for one in (await predictor.predict(batch)).records]
    assert [one.model_version for one in made] == ["7", "8", "7"]


async def test_the_identifier_is_of_the_place_of_the_input_and_of_nothing_else(predictor: Predictor):
    first, again, other = [await predictor.predict([record(offset)]) for offset in (1, 1, 2)]
    ids = [Prediction.parse(outcome.records[0].value).prediction_id for outcome in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]


async def test_every_symbol_is_asked_for_once(predictor: Predictor, features: Features):
    await predictor.predict([record(offset, symbol) for offset, symbol in enumerate(["WTI", "GAS", "WTI"])])
    assert features.asked == [("/v1/features", ["WTI", "GAS"], True)]


async def test_what_cannot_be_predicted_is_a_dead_letter_with_its_reason_and_the_rest_is_predicted(
    predictor: Predictor,
):
    batch = [
        record(0),
        record(1, value=b"{"),
        record(2, "NONE"),
        record(3, "BAD1"),
        record(4, price="13"),
        record(5, value=None),
        record(6, "OLD"),
    ]
    outcome = await predictor.predict(batch)
    made = {one.headers.get("offset"): one for one in outcome.records if one.topic.endswith(".dead-letter")}
    reasons = {offset.decode(): one.headers["reason"].decode() for offset, one in made.items()}
    assert reasons["1"].startswith("commodity-prices: not JSON")
    assert reasons["2"] == "feature-server has no features of the symbol 'NONE'"
    assert reasons["3"] == "feature-server answers 422: no such form"
    assert reasons["4"] == "model-server answers 422: unlucky"
    assert reasons["5"] == "the record has no value"
    assert made[b"1"].value == b"{"
    assert (made[b"1"].headers["topic"], made[b"1"].headers["partition"]) == (b"commodity-prices", b"2")
    assert (outcome.predictions, outcome.stale, len(outcome.records)) == (2, 1, len(batch))
    assert outcome.poison == {
        "unreadable": 2,
        "unknown-symbol": 1,
        "refused-by-feature-server": 1,
        "refused-by-model-server": 1,
    }


async def test_a_batch_of_nothing_but_poison_asks_nobody(predictor: Predictor, features: Features, model: Model):
    outcome = await predictor.predict([record(0, value=b"no")])
    assert (len(outcome.records), features.asked, model.asked) == (1, [], [])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ServiceUnavailable("feature-server: POST /v1/features: no answer within 2 s", 3.0), "no answer within 2 s"),
        (ServiceRefused("feature-server", 401, "it has expired"), "answers 401: it has expired"),
        (ServiceRefused("feature-server", 404, "no such model"), "answers 404"),
        (NoToken("prediction-consumer cannot show who it is"), "cannot show who it is"),
    ],
)
async def test_trouble_of_a_service_is_waited_for_and_no_fault_of_the_input(
    predictor: Predictor, features: Features, error: Exception, reason: str
):
    features.error = error
    with pytest.raises(Unavailable, match=reason) as caught:
        await predictor.predict([record()])
    assert caught.value.service == "feature-server"
    assert caught.value.retry_after == (3.0 if isinstance(error, ServiceUnavailable) else 0.0)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([], "malformed answer: the whole"),
        ({"names": ["a"], "rows": [], "missing": []}, "says nothing of 'WTI'"),
        ({"names": ["a"], "rows": [{"symbol": "WTI", "values": [1, 2]}], "missing": []}, "2 values of 'WTI' for 1"),
        ({"names": ["a"], "rows": [{"symbol": "WTI", "values": ["x"]}], "missing": []}, "rows.0.values.0"),
        ({"names": ["a"], "rows": [{"symbol": "WTI", "values": [float("nan")]}], "missing": []}, "finite"),
    ],
)
async def test_a_malformed_answer_of_the_feature_server_is_not_believed(
    predictor: Predictor, features: Features, answer: object, reason: str
):
    features.answer = answer
    with pytest.raises(Unavailable, match=reason):
        await predictor.predict([record()])


@pytest.mark.parametrize(
    ("predictions", "reason"),
    [
        ([], "0 predictions for 1 inputs"),
        ([{"symbol": "GAS", "prediction": 1, "direction": 1, "confidence": 0.5, "version": "7"}], "in another order"),
        ([{"symbol": "WTI", "prediction": 1, "direction": 1, "confidence": 1.5, "version": "7"}], "confidence"),
        ([{"symbol": "WTI", "prediction": float("inf"), "direction": 1, "confidence": 0.5, "version": "7"}], "finite"),
        ([{"symbol": "WTI", "prediction": 1, "direction": 1, "confidence": 0.5}], "version"),
        ([{"symbol": "WTI", "prediction": 1, "direction": 0, "confidence": 0.5, "version": "7"}], "direction"),
    ],
)
async def test_a_malformed_answer_of_the_model_server_is_not_believed(
    predictor: Predictor, model: Model, predictions: object, reason: str
):
    model.answer = {"version": "7", "predictions": predictions}
    with pytest.raises(Unavailable, match=reason):
        await predictor.predict([record()])


async def test_a_secret_in_a_reason_is_masked_and_a_long_reason_is_cut(predictor: Predictor, features: Features):
    features.error = None
    [letter] = (await predictor.predict([record(0, value=b'"password=hunter2" ' + b"x" * 5000)])).records
    assert b"hunter2" not in letter.headers["reason"]
    assert len(letter.headers["reason"]) <= 1000
