import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_server.app import Service, create_service
from model_server.settings import FolderSettings, ModelServerSettings, TrafficSettings
from pricemodel.features import ABOVE_ZERO, FEATURE_NAMES, STORED_NAMES
from pricemodel.registry import RegistrySettings
from pydantic import ValidationError

from tests.support.price_models import SYMBOLS, FakeSource, champion, fake_model, inputs
from tests.support.tokens import Issuer, let_in

pytestmark = pytest.mark.integration

PREDICT = "/v1/models/commodity-price/predict"
FIRST = inputs()[0]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


def built(issuer: Issuer, source: FakeSource | None = None, **changed: Any) -> Service:
    settings = ModelServerSettings(model=FolderSettings(dir=Path("unused")), auth=issuer.settings, **changed)
    return create_service(settings, source or FakeSource(**champion("7")))


@pytest.fixture(scope="module")
def service(issuer: Issuer) -> Service:
    return built(issuer)


@pytest.fixture
async def client(service: Service, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    if service.keeper.serving.champion is None:
        await service.keeper.refresh()
    async with talking(service, issuer) as client:
        yield client


def talking(service: Service, issuer: Issuer) -> httpx.AsyncClient:
    headers = issuer.headers("service")
    return httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://model", headers=headers)


async def test_every_route_turns_every_bad_token_away(service: Service, issuer: Issuer):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://model") as anonymous:
        assert await let_in(anonymous, service.app.openapi(), issuer, low_role="partner") == []


async def test_an_input_is_answered_with_price_direction_and_confidence(client: httpx.AsyncClient):
    answer = (await client.post(PREDICT, json={"inputs": [FIRST]})).json()
    only = answer["predictions"][0]
    assert (answer["model"], answer["version"], answer["variant"]) == ("commodity-price", "7", "champion")
    assert (only["symbol"], only["direction"], only["version"]) == (FIRST["symbol"], 1, "7")
    assert only["confidence"] == pytest.approx(0.7)
    assert only["prediction"] > FIRST["price"]
    assert only["explanation"] is None


async def test_answers_come_in_the_order_of_the_inputs_whatever_their_symbols(client: httpx.AsyncClient):
    mixed = [one for pair in zip(inputs(20, SYMBOLS[0]), inputs(20, SYMBOLS[1]), strict=True) for one in pair]
    answer = (await client.post(PREDICT, json={"inputs": mixed})).json()
    assert [one["symbol"] for one in answer["predictions"]] == [one["symbol"] for one in mixed]
    moves = [one["prediction"] / given["price"] for one, given in zip(answer["predictions"], mixed, strict=True)]
    assert moves == pytest.approx([moves[0]] * len(mixed))


async def test_an_explanation_adds_up_to_the_probability(client: httpx.AsyncClient):
    answer = (await client.post(PREDICT, json={"inputs": inputs(2), "explain": True})).json()
    for one in answer["predictions"]:
        why = one["explanation"]
        assert tuple(why["contributions"]) == FEATURE_NAMES
        assert why["base"] + sum(why["contributions"].values()) == pytest.approx(why["probability_up"])
        assert one["confidence"] == pytest.approx(why["probability_up"])


def changed(**values: Any) -> dict[str, Any]:
    return {**FIRST, **values}


def without(name: str) -> dict[str, float]:
    return {key: value for key, value in FIRST["features"].items() if key != name}


@pytest.mark.parametrize(
    ("second", "location"),
    [
        (changed(symbol="UNKNOWN"), "body.inputs.1.symbol"),
        (changed(symbol="w|ti"), "body.inputs.1.symbol"),
        (changed(price=0), "body.inputs.1.price"),
        (changed(price=-37.63), "body.inputs.1.price"),
        (changed(price=1e10), "body.inputs.1.price"),
        (changed(price=float("nan")), "body.inputs.1.price"),
        (changed(price=float("inf")), "body.inputs.1.price"),
        (changed(features=without("trend_30")), "body.inputs.1.features.trend_30"),
        (changed(features=FIRST["features"] | {"trend_30": float("nan")}), "body.inputs.1.features.trend_30"),
        (changed(features=FIRST["features"] | {"trend_30": float("-inf")}), "body.inputs.1.features.trend_30"),
        (changed(features=FIRST["features"] | {"trend_30": "high"}), "body.inputs.1.features.trend_30"),
        (changed(features=FIRST["features"] | {"average_30": 0.0}), "body.inputs.1.features.average_30"),
        (changed(features=FIRST["features"] | {"trend_30": "1.0"}), "body.inputs.1.features.trend_30"),
        (changed(features=FIRST["features"] | {"trend_30": True}), "body.inputs.1.features.trend_30"),
        (changed(price="70.1"), "body.inputs.1.price"),
        (changed(more=1), "body.inputs.1.more"),
    ],
)
async def test_a_wrong_input_is_refused_with_its_place(client: httpx.AsyncClient, second: Any, location: str):
    # httpx would refuse to write NaN, which other clients do write.
    body = json.dumps({"inputs": [FIRST, second]})
    answer = await client.post(PREDICT, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["location"] for error in answer.json()["errors"]] == [location]


@pytest.mark.parametrize("body", [{}, {"inputs": []}, {"inputs": "x"}, {"inputs": inputs() * 501}, []])
async def test_a_request_without_inputs_or_with_too_many_is_refused(client: httpx.AsyncClient, body: Any):
    assert (await client.post(PREDICT, json=body)).status_code == 422


async def test_more_explanations_than_can_be_had_at_once_are_refused_with_the_limit(client: httpx.AsyncClient):
    answer = await client.post(PREDICT, json={"inputs": inputs() * 51, "explain": True})
    assert answer.json()["errors"] == [
        {"location": "body.inputs", "message": "51 inputs; at most 50 can be explained at once"}
    ]


async def test_features_that_the_model_does_not_read_are_ignored(client: httpx.AsyncClient):
    more = changed(features=FIRST["features"] | {"newer": 1.0})
    assert (await client.post(PREDICT, json={"inputs": [more]})).status_code == 200


async def test_the_largest_allowed_numbers_are_answered_with_finite_ones(client: httpx.AsyncClient):
    extreme = changed(price=9.9e9, features=dict.fromkeys(STORED_NAMES, 1e12) | {"volatility_30": 5e-324})
    answer = await client.post(PREDICT, json={"inputs": [extreme]})
    assert answer.status_code == 200


async def test_the_model_tells_its_versions_and_the_split(issuer: Issuer):
    traffic = TrafficSettings(canary_percent=10, ab_percent=20, shadow=True)
    source = FakeSource(**champion("7"), challenger=("8", "damaged"))
    service = built(issuer, source, traffic=traffic)
    await service.keeper.refresh()
    async with talking(service, issuer) as client:
        told = (await client.get("/v1/models/commodity-price")).json()
    assert told["features"] == list(STORED_NAMES)
    assert [(one["alias"], one["version"], one["symbols"]) for one in told["versions"]] == [
        ("champion", "7", list(SYMBOLS))
    ]
    assert told["traffic"] == {"champion_percent": 70, "canary_percent": 10, "ab_percent": 20, "shadow": True}
    assert [(one["alias"], one["version"], one["reason"]) for one in told["failures"]] == [
        ("challenger", "8", "damaged")
    ]


async def test_without_a_version_it_answers_503_and_is_not_ready(issuer: Issuer):
    service = built(issuer, FakeSource())
    await service.keeper.refresh()
    async with talking(service, issuer) as client:
        answer = await client.post(PREDICT, json={"inputs": [FIRST]})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "run model-training" in ready.json()["checks"][0]["reason"]
        assert (await client.get("/healthz")).status_code == 200


async def test_ab_mixes_versions_in_a_batch_and_says_which_answered_what(issuer: Issuer):
    symbols = tuple(f"S{number}" for number in range(8))
    source = FakeSource(
        champion=("7", fake_model(0.7, symbols=symbols)), challenger=("8", fake_model(0.2, symbols=symbols))
    )
    service = built(issuer, source, traffic=TrafficSettings(ab_percent=50))
    await service.keeper.refresh()
    batch = [changed(symbol=symbol) for symbol in symbols]
    async with talking(service, issuer) as client:
        first = (await client.post(PREDICT, json={"inputs": batch})).json()
        again = (await client.post(PREDICT, json={"inputs": batch})).json()
        keyed = (await client.post(PREDICT, json={"inputs": batch}, headers={"x-assignment-key": "me"})).json()
    assert first == again
    assert (first["version"], first["variant"]) == ("7", "mixed")
    answered = {(one["variant"], one["version"], one["direction"]) for one in first["predictions"]}
    assert answered == {("champion", "7", 1), ("ab", "8", -1)}
    assert len({one["version"] for one in keyed["predictions"]}) == 1
    assert keyed["version"] == keyed["predictions"][0]["version"]


async def test_a_canary_answers_whole_requests(issuer: Issuer):
    source = FakeSource(**champion("7"), challenger=("8", fake_model(0.2)))
    service = built(issuer, source, traffic=TrafficSettings(canary_percent=100))
    await service.keeper.refresh()
    async with talking(service, issuer) as client:
        answer = (await client.post(PREDICT, json={"inputs": inputs(3)})).json()
    assert (answer["version"], answer["variant"]) == ("8", "canary")


async def test_a_shadow_is_compared_and_never_in_an_answer(issuer: Issuer):
    source = FakeSource(**champion("7"), challenger=("8", fake_model(0.2)))
    service = built(issuer, source, traffic=TrafficSettings(shadow=True))
    await service.keeper.refresh()
    assert service.shadow
    async with talking(service, issuer) as client, service.shadow.running():
        answer = (await client.post(PREDICT, json={"inputs": inputs(3)})).json()
        await service.shadow.settled()
        metrics = (await client.get("/metrics")).text
    assert {one["version"] for one in answer["predictions"]} == {"7"}
    assert 'model_shadow_rows_total{agrees="no",version="8"} 3.0' in metrics
    assert 'model_shadow_relative_difference_count{version="8"} 3.0' in metrics
    assert 'model_predictions_total{direction="up",variant="champion",version="7"} 3.0' in metrics


async def test_a_shadow_that_falls_behind_leaves_requests_out_and_one_that_fails_harms_nobody(issuer: Issuer):
    stranger = FakeSource(**champion("7"), challenger=("8", fake_model(0.2, symbols=("OTHER",))))
    service = built(issuer, stranger, traffic=TrafficSettings(shadow=True, shadow_queue=1))
    await service.keeper.refresh()
    assert service.shadow
    async with talking(service, issuer) as client:
        for _ in range(3):
            assert (await client.post(PREDICT, json={"inputs": [FIRST]})).status_code == 200
        async with service.shadow.running():
            await service.shadow.settled()
        metrics = (await client.get("/metrics")).text
    assert "model_shadow_dropped_total 2.0" in metrics
    assert "model_shadow_failures_total 1.0" in metrics


async def test_calls_over_the_limit_and_bodies_over_the_cap_are_refused(issuer: Issuer):
    service = built(issuer, calls_per_second=0.001, calls_burst=2)
    async with talking(service, issuer) as client:
        assert (await client.post(PREDICT, content=b" " * (1 << 20) + b"  ")).status_code == 413
        statuses = [(await client.get("/v1/models/commodity-price")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


@pytest.mark.parametrize(
    "changed",
    [{}, {"model": FolderSettings(dir=Path("a")), "mlflow": RegistrySettings(tracking_uri="http://mlflow:5000")}],
    ids=["nowhere", "two places"],
)
def test_models_must_come_from_one_place(issuer: Issuer, changed: dict[str, Any]):
    with pytest.raises(ValidationError, match="mlflow_tracking_uri and model_dir: set one of them"):
        ModelServerSettings(auth=issuer.settings, **changed)


NUMBERS = (
    st.floats(-1e12, 1e12, allow_nan=False) | st.integers(-(10**12), 10**12) | st.sampled_from([0.0, 5e-324, 1e12])
)
ODD = st.none() | st.booleans() | st.text(max_size=5) | st.floats() | st.lists(st.integers(), max_size=2)
INPUTS = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from([*SYMBOLS, "OTHER"]) | ODD,
        "price": st.floats(5e-324, 9.99e9) | NUMBERS | ODD,
        "features": st.fixed_dictionaries(dict.fromkeys(STORED_NAMES, NUMBERS | ODD))
        | st.fixed_dictionaries({name: st.floats(1e-9, 1e12) for name in STORED_NAMES}),
    }
)
SOUND = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(SYMBOLS),
        "price": st.floats(5e-324, 9.99e9),
        "features": st.fixed_dictionaries(
            {name: st.floats(5e-324, 1e12) if name in ABOVE_ZERO else NUMBERS for name in STORED_NAMES}
        ),
    }
)


@pytest.mark.parametrize("examples", [40, pytest.param(2000, marks=pytest.mark.soak)])
def test_whatever_is_sent_is_answered_or_refused_as_documented(service: Service, issuer: Issuer, examples: int):
    headers = issuer.headers("service") | {"content-type": "application/json"}

    async def send(body: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://model") as client:
            return await client.post(PREDICT, content=body, headers=headers)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs=st.lists(INPUTS, max_size=3), sound=st.lists(SOUND, min_size=1, max_size=20), explain=st.booleans())
    def try_out(inputs: list[Any], sound: list[Any], explain: bool) -> None:
        odd = asyncio.run(send(json.dumps({"inputs": inputs, "explain": explain})))
        assert odd.status_code in {200, 422}
        answered = asyncio.run(send(json.dumps({"inputs": sound, "explain": explain})))
        assert answered.status_code == 200, answered.text
        assert len(answered.json()["predictions"]) == len(sound)
        if odd.status_code == 422:
            assert odd.headers["content-type"] == "application/problem+json"
            assert all(error["location"].startswith("body") for error in odd.json()["errors"])

    asyncio.run(service.keeper.refresh())
    try_out()
