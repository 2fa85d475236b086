"""feature-server as a real process on a real Redis that dies, hangs and comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from featurestore import VIEW
from featurestore.rows import Row, encode, key_of

from sandbox.control_plane.ports import free_port
from sandbox.deathsignal import die_with_parent
from tests.support.redis import RedisServer, running_redis
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of this test alone: it is killed and stopped."""
    with running_redis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def client(store: RedisServer, issuer: Issuer, tmp_path: Path) -> Iterator[httpx.Client]:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "FEATURE_SERVER_LISTEN_HOST": "127.0.0.1",
        "FEATURE_SERVER_LISTEN_PORT": str(port),
        "FEATURE_SERVER_DRAIN_SECONDS": "0",
        "FEATURE_SERVER_REDIS_TIMEOUT_SECONDS": "0.3",
        **store.environment("FEATURE_SERVER_"),
        **issuer.environment("FEATURE_SERVER_"),
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "feature_server"],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
        )
    headers = issuer.headers("service")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10) as client:
        try:
            wait_for_readiness(client, 200)
            yield client
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            assert "Traceback" not in (tmp_path / "log").read_text()
        finally:
            process.kill()


def wait_for_readiness(client: httpx.Client, status: int) -> httpx.Response:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if (answer := client.get("/readyz")).status_code == status:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"readiness did not become {status}")


def put(store: RedisServer, tenant: str, symbol: str, value: float) -> None:
    row = Row({"average_7": value}, date(2026, 1, 30), datetime.now(UTC))
    with store.client() as redis:
        redis.set(key_of(tenant, VIEW, symbol), encode(row))


def test_features_are_served_while_redis_lives_and_again_after_it_was_killed(client: httpx.Client, store: RedisServer):
    put(store, "platform", "WTI", 71.0)
    assert client.get("/v1/features/WTI").json()["features"] == {"average_7": 71.0}
    store.kill()
    answer = client.get("/v1/features/WTI")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert wait_for_readiness(client, 503).json()["checks"][0]["name"] == "redis"
    assert client.get("/healthz").status_code == 200
    store.start()
    wait_for_readiness(client, 200)
    assert client.get("/v1/features/WTI").json()["features"] == {"average_7": 71.0}


def test_a_redis_that_hangs_costs_a_caller_no_more_than_the_budget(client: httpx.Client, store: RedisServer):
    put(store, "platform", "WTI", 71.0)
    assert client.get("/v1/features/WTI").status_code == 200
    os.kill(store.process.pid, signal.SIGSTOP)
    try:
        # It answers at all while Redis still hangs, and says that it was its own budget which ended the wait.
        answer = client.get("/v1/features/WTI")
        assert (answer.status_code, "no answer within 0.3 s" in answer.json()["detail"]) == (503, True)
        assert client.get("/healthz").status_code == 200
    finally:
        os.kill(store.process.pid, signal.SIGCONT)
    wait_for_readiness(client, 200)
    # What was asked while it hung must not come as an answer to something else.
    put(store, "platform", "GAS", 3.0)
    for symbol, value in (("GAS", 3.0), ("WTI", 71.0)) * 20:
        assert client.get(f"/v1/features/{symbol}").json()["features"] == {"average_7": value}


def test_a_batch_of_500_comes_in_its_order_and_of_the_callers_tenant(
    client: httpx.Client, store: RedisServer, issuer: Issuer
):
    symbols = [f"S{number}" for number in range(500)]
    for number, symbol in enumerate(symbols):
        put(store, "trading-desk", symbol, float(number))
    put(store, "platform", "S7", -1.0)
    desk = issuer.headers("analyst", "trading-desk")
    answer = client.post("/v1/features", json={"symbols": symbols[::-1]}, headers=desk).json()
    assert [row["values"][0] for row in answer["rows"]] == [float(number) for number in range(500)][::-1]
    other = client.post("/v1/features", json={"symbols": symbols}, headers=issuer.headers("service")).json()
    assert [row["symbol"] for row in other["rows"]] == ["S7"]
    assert len(other["missing"]) == 499
