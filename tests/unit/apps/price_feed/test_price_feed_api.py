from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from price_feed.app import Service, create_service
from price_feed.settings import PriceFeedSettings
from servicekit.kafka import KafkaSettings

from tests.support.tokens import Issuer, let_in

NOBODY = "127.0.0.1:9"
"""The discard port, where no broker listens."""


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
def service(issuer: Issuer) -> Service:
    settings = PriceFeedSettings(
        kafka=KafkaSettings(bootstrap_servers=NOBODY), auth=issuer.settings, calls_per_second=0.001, calls_burst=3
    )
    return create_service(settings)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://feed") as client:
        yield client


def price(**changed: object) -> dict[str, object]:
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"symbol": "WTI", "price": "70.10", "currency": "USD", "traded_at": at, **changed}


async def test_every_route_turns_every_bad_token_away(client: httpx.AsyncClient, service: Service, issuer: Issuer):
    assert await let_in(client, service.app.openapi(), issuer, low_role="analyst") == []


@pytest.mark.parametrize(
    ("changed", "location"),
    [
        ({"price": 70.1}, "body.price"),
        ({"price": "70.12345"}, "body.price"),
        ({"price": "NaN"}, "body.price"),
        ({"symbol": "w|ti"}, "body.symbol"),
        ({"currency": "usd"}, "body.currency"),
        ({"traded_at": 1700000000}, "body.traded_at"),
        ({"traded_at": "2026-02-30T00:00:00Z"}, "body.traded_at"),
        ({"traded_at": (datetime.now(UTC) + timedelta(minutes=5)).isoformat()[:19] + "Z"}, "body.traded_at"),
        ({"more": 1}, "body.more"),
    ],
)
async def test_a_price_that_is_no_record_of_the_topic_is_refused_with_its_field(
    client: httpx.AsyncClient, issuer: Issuer, changed: dict[str, object], location: str
):
    answer = await client.post("/v1/prices", json=price(**changed), headers=issuer.headers("service"))
    assert answer.status_code == 422
    assert [error["location"] for error in answer.json()["errors"]] == [location]


async def test_a_price_of_the_future_is_refused_with_the_latest_instant(client: httpx.AsyncClient, issuer: Issuer):
    late = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    answer = await client.post("/v1/prices", json=price(traded_at=late), headers=issuer.headers("service"))
    assert "is in the future; by this clock the latest is 20" in answer.json()["errors"][0]["message"]


async def test_a_body_over_the_cap_and_calls_over_the_limit_are_refused(client: httpx.AsyncClient, issuer: Issuer):
    headers = issuer.headers("steward")
    large = await client.post("/v1/prices", content=b" " * 5000, headers=headers)
    assert large.status_code == 413
    statuses = [(await client.post("/v1/prices", json={}, headers=headers)).status_code for _ in range(4)]
    assert statuses == [422, 422, 422, 429]


async def test_before_the_server_has_begun_it_is_not_ready_and_says_so(client: httpx.AsyncClient):
    answer = await client.get("/readyz")
    reasons = {check["name"]: check["reason"] for check in answer.json()["checks"]}
    assert answer.status_code == 503
    assert reasons == {"kafka": f"{NOBODY}: connection refused", "buffer": "the server has not begun"}
