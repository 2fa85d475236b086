"""The API of feature-server over a store that answers from memory; the real Redis is in the integration tests."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from feature_server import __main__ as command
from feature_server import app as application
from feature_server.settings import FeatureServerSettings
from featurestore.connection import RedisSettings
from featurestore.rows import Row, encode
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.tokens import Issuer, let_in

AS_OF = datetime(2026, 1, 31, 5, tzinfo=UTC)


class Memory:
    """Answers as Redis does."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.fault: Exception | float | None = None

    def put(self, tenant: str, symbol: str, as_of: datetime = AS_OF, **values: float) -> None:
        row = Row(values or {"average_7": 71.0, "trend_7": 0.5}, date(2026, 1, 30), as_of)
        self.rows[f"features:{tenant}:commodity_prices:{symbol}"] = encode(row)

    async def mget(self, keys: list[str]) -> list[bytes | None]:
        if isinstance(self.fault, Exception):
            raise self.fault
        await asyncio.sleep(self.fault or 0)
        return [self.rows.get(key) for key in keys]

    async def exists(self, index: str) -> int:
        return int(any(key.startswith(f"{index}:") for key in self.rows))

    async def ping(self) -> bool:
        raise RedisConnectionError("refused")

    async def aclose(self, close_connection_pool: bool) -> None:
        pass


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()
    monkeypatch.setattr(application, "async_client", lambda _settings: memory)
    return memory


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
def service(memory: Memory, issuer: Issuer) -> application.Service:
    settings = FeatureServerSettings(
        redis=RedisSettings(host="redis", timeout_seconds=0.05), auth=issuer.settings, calls_per_second=1, calls_burst=4
    )
    return application.create_service(settings)


@pytest.fixture
async def client(service: application.Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://features") as client:
        yield client


async def test_every_route_turns_every_bad_token_away(
    client: httpx.AsyncClient, service: application.Service, issuer: Issuer
):
    assert await let_in(client, service.app.openapi(), issuer) == []


async def test_one_symbol_is_answered_with_its_features_and_their_age(
    client: httpx.AsyncClient, memory: Memory, issuer: Issuer
):
    memory.put("platform", "WTI", as_of=datetime.now(UTC))
    answer = (await client.get("/v1/features/WTI", headers=issuer.headers("service"))).json()
    assert answer["features"] == {"average_7": 71.0, "trend_7": 0.5}
    assert (answer["view"], answer["symbol"], answer["day"], answer["stale"]) == (
        "commodity_prices",
        "WTI",
        "2026-01-30",
        False,
    )
    assert 0 <= answer["age_seconds"] < 5
    assert answer["as_of"].endswith("Z")


async def test_many_symbols_are_answered_in_their_order_with_what_is_missing(
    client: httpx.AsyncClient, memory: Memory, issuer: Issuer
):
    memory.put("platform", "WTI")
    memory.put("platform", "GAS", trend_7=0.1, average_7=3.0)
    body = {"symbols": ["GAS", "NONE", "WTI", "GAS"]}
    answer = (await client.post("/v1/features", json=body, headers=issuer.headers("service"))).json()
    assert answer["names"] == ["trend_7", "average_7"]
    assert [(row["symbol"], row["values"]) for row in answer["rows"]] == [("GAS", [0.1, 3.0]), ("WTI", [0.5, 71.0])]
    assert answer["missing"] == ["NONE"]
    assert {row["stale"] for row in answer["rows"]} == {True}, "they are older than a day and a half"
    metrics = (await client.get("/metrics")).text
    for outcome, count in (("stale", 2), ("missing", 1)):
        assert f'feature_rows_total{{outcome="{outcome}"}} {count}.0' in metrics


@pytest.mark.parametrize(
    ("symbol", "outcome", "said"),
    [
        ("TORN", "unreadable", "the row of TORN cannot be read"),
        ("ODD", "unlike", "the rows of WTI and ODD have different features"),
    ],
)
async def test_a_row_that_cannot_be_right_is_a_problem_of_the_store_and_no_missing_symbol(
    client: httpx.AsyncClient, memory: Memory, issuer: Issuer, symbol: str, outcome: str, said: str
):
    memory.put("platform", "WTI")
    memory.put("platform", "ODD", other=1.0)
    memory.rows["features:platform:commodity_prices:TORN"] = b"{"
    body = {"symbols": ["WTI", symbol, "NONE"]}
    answer = await client.post("/v1/features", json=body, headers=issuer.headers("service"))
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert (answer.headers["retry-after"], said in answer.json()["detail"]) == ("1", True)
    assert f'feature_rows_total{{outcome="{outcome}"}} 1.0' in (await client.get("/metrics")).text


async def test_an_empty_store_is_a_problem_and_no_missing_symbols(
    client: httpx.AsyncClient, memory: Memory, issuer: Issuer
):
    memory.put("trading-desk", "WTI")
    headers = issuer.headers("service")
    for answer in (
        await client.post("/v1/features", json={"symbols": ["WTI", "GAS"]}, headers=headers),
        await client.get("/v1/features/WTI", headers=headers),
    ):
        assert answer.status_code == 503
        assert "the store of the tenant platform is empty; feature-job fills it" in answer.json()["detail"]


async def test_nothing_there_is_an_answer_for_many_and_404_for_one(
    client: httpx.AsyncClient, memory: Memory, issuer: Issuer
):
    memory.put("platform", "GAS")
    headers = issuer.headers("service")
    answer = await client.post("/v1/features", json={"symbols": ["WTI"]}, headers=headers)
    assert answer.json() == {"view": "commodity_prices", "names": [], "rows": [], "missing": ["WTI"]}
    answer = await client.get("/v1/features/WTI", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There are no features of WTI.")


async def test_a_tenant_reads_its_own_store_and_no_other(client: httpx.AsyncClient, memory: Memory, issuer: Issuer):
    memory.put("platform", "WTI", x=1.0)
    memory.put("trading-desk", "WTI", x=2.0)
    desk = issuer.headers("analyst", "trading-desk")
    assert (await client.get("/v1/features/WTI", headers=desk)).json()["features"] == {"x": 2.0}
    refused = await client.get("/v1/features/WTI?tenant=platform", headers=desk)
    assert (refused.status_code, refused.json()["detail"]) == (403, "The token is not for the tenant platform.")
    steward = issuer.headers("steward", "analytics")
    assert (await client.get("/v1/features/WTI?tenant=trading-desk", headers=steward)).json()["features"] == {"x": 2.0}
    assert (await client.get("/v1/features/WTI", headers=steward)).json()["features"] == {"x": 1.0}


@pytest.mark.parametrize(
    ("tenants", "status", "said"),
    [
        (["a", "b"], 422, "Name one of your tenants (a, b) as `tenant`."),
        ([], 403, "The token is for no tenant."),
        (["a:commodity_prices:WTI"], 403, "The token's tenant cannot have features"),
    ],
)
async def test_a_token_that_names_no_one_store_is_told_so(
    client: httpx.AsyncClient, issuer: Issuer, tenants: list[str], status: int, said: str
):
    answer = await client.get("/v1/features/WTI", headers=issuer.headers("analyst", tenants=tenants))
    assert answer.status_code == status
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"symbols": []}, "body.symbols"),
        ({"symbols": ["wti"]}, "body.symbols.0"),
        ({"symbols": ["W"] * 501}, "body.symbols"),
        ({"symbols": ["WTI"], "view": "x"}, "body.view"),
    ],
)
async def test_a_request_that_is_not_valid_is_told_where(
    client: httpx.AsyncClient, issuer: Issuer, body: dict[str, Any], location: str
):
    answer = await client.post("/v1/features", json=body, headers=issuer.headers("service"))
    assert (answer.status_code, answer.json()["errors"][0]["location"]) == (422, location)


@pytest.mark.parametrize(
    ("fault", "said"),
    [(RedisConnectionError("Error 111 connecting"), "Error 111 connecting"), (5.0, "no answer within 0.05 s")],
)
async def test_a_store_that_is_dead_or_slow_is_a_problem_to_come_back_to(
    client: httpx.AsyncClient, memory: Memory, issuer: Issuer, fault: Exception | float, said: str
):
    memory.fault = fault
    answer = await client.get("/v1/features/WTI", headers=issuer.headers("service"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert said in answer.json()["detail"]
    assert "feature_fetch_failures_total 1.0" in (await client.get("/metrics")).text


async def test_without_redis_it_is_not_ready(client: httpx.AsyncClient):
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"][0]["reason"]) == (503, "refused")


async def test_a_caller_over_its_limit_and_a_body_over_the_cap_are_turned_away(
    client: httpx.AsyncClient, issuer: Issuer
):
    headers = issuer.headers("service")
    answer = await client.post("/v1/features", content=b"x" * 40_000, headers=headers)
    assert answer.status_code == 413
    statuses = [(await client.get("/v1/features/WTI", headers=headers)).status_code for _ in range(5)]
    assert statuses[-1] == 429


def test_without_redis_settings_it_does_not_start_and_names_the_variable(capsys: pytest.CaptureFixture[str]):
    assert command.main([]) == 2
    assert "FEATURE_SERVER_REDIS_HOST: not set" in capsys.readouterr().err


async def test_what_a_process_is_made_of_is_never_searched_for_garbage_while_it_serves(
    memory: Memory, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    monkeypatch.setattr(application.gc, "collect", lambda: asked.append("collect"))
    monkeypatch.setattr(application.gc, "freeze", lambda: asked.append("freeze"))
    settings = FeatureServerSettings(redis=RedisSettings(host="redis"), auth=issuer.settings)
    app = application.create_service(settings).app
    async with app.router.lifespan_context(app):
        assert asked == ["collect", "freeze"]


async def test_a_request_that_says_no_more_than_its_symbol_is_answered_as_one_that_names_its_tenant(
    memory: Memory, issuer: Issuer
):
    memory.put("platform", "WTI")
    memory.rows["features:platform:commodity_prices:OLD"] = b"{}"
    settings = FeatureServerSettings(redis=RedisSettings(host="redis"), auth=issuer.settings)
    transport = httpx.ASGITransport(application.create_service(settings).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://features") as client:
        for headers in (issuer.headers("service"), issuer.headers("auditor"), {}):
            for path in ("WTI", "GAS", "wti", "WTI%0A", "OLD", "WTI?other=1"):
                plain = await client.get(f"/v1/features/{path}", headers=headers)
                named = await client.get(f"/v1/features/{path.partition('?')[0]}?tenant=platform", headers=headers)
                assert plain.status_code == named.status_code, path
                assert plain.headers["content-type"] == named.headers["content-type"], path
                told, same = plain.json(), named.json()
                assert (told.pop("age_seconds", 0) > 0) == (same.pop("age_seconds", 0) > 0), path
                assert told == same, path


async def test_a_row_that_is_written_anew_is_seen_with_the_next_request(
    client: httpx.AsyncClient, memory: Memory, issuer: Issuer
):
    for value in (1.0, 2.0, 1.0):
        memory.put("platform", "WTI", average_7=value)
        answer = await client.get("/v1/features/WTI", headers=issuer.headers("service"))
        assert answer.json()["features"] == {"average_7": value}
