import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from price_feed import __main__ as command
from price_feed import runner
from price_feed.app import Service, create_service
from price_feed.settings import PriceFeedSettings
from pricemodel.wti_history import HistoryMissingError
from servicekit import command as services
from servicekit import program as programs
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


async def test_a_replay_that_fails_ends_the_process_and_one_that_was_asked_to_stop_does_not(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_arguments: object) -> Iterator[object]:
        raise HistoryMissingError("the WTI history is not installed")

    stopped = asyncio.Event()
    monkeypatch.setattr(signal, "raise_signal", lambda _number: stopped.set())
    kafka = KafkaSettings(bootstrap_servers=NOBODY)
    idle = create_service(PriceFeedSettings(kafka=kafka, auth=issuer.settings, lmp_rate=1000))
    async with idle.app.router.lifespan_context(idle.app):
        idle.health.stop()
        await asyncio.sleep(0.05)
    assert (idle.background.failure, stopped.is_set()) == (None, False)
    monkeypatch.setattr(runner, "replayed_prices", broken)
    failing = create_service(PriceFeedSettings(kafka=kafka, auth=issuer.settings, rate=1, lmp_rate=1))
    async with failing.app.router.lifespan_context(failing.app):
        await asyncio.wait_for(stopped.wait(), 10)
    assert isinstance(failing.background.failure, HistoryMissingError)


@pytest.mark.parametrize(("failure", "code"), [(None, 0), (RuntimeError("broken"), 1)])
def test_the_exit_code_says_whether_a_replay_failed(
    service: Service, monkeypatch: pytest.MonkeyPatch, failure: Exception | None, code: int
):
    service.background.failure = failure
    monkeypatch.setattr(programs, "load_settings", lambda _kind: SimpleNamespace(log_level="error"))
    monkeypatch.setattr(programs, "setup_logging", lambda **_settings: None)
    monkeypatch.setattr(command, "create_service", lambda _settings: service)
    monkeypatch.setattr(services, "serve", lambda *_arguments, **_more: None)
    assert command.main([]) == code


async def test_before_the_server_has_begun_it_is_not_ready_and_says_so(client: httpx.AsyncClient):
    answer = await client.get("/readyz")
    reasons = {check["name"]: check["reason"] for check in answer.json()["checks"]}
    assert answer.status_code == 503
    assert reasons == {"kafka": f"{NOBODY}: connection refused", "buffer": "the server has not begun"}
