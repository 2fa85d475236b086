"""price-feed against a real broker: what is answered with 202 is there, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.support.kafka import Broker, running_kafka
from tests.support.service_process import ServiceProcess, end_all
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration

PREFIX = "PRICE_FEED_"
PRICES, LMPS = "commodity-prices", "ISO_RT_LMP"
Start = Callable[..., ServiceProcess]
_CENTS = itertools.count()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of its own: this file stops it, and the topics' names are the catalog's."""
    with running_kafka(tmp_path_factory.mktemp("feed") / "broker") as running:
        running.create_topics(PRICES, LMPS, partitions=3)
        yield running


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
def start(broker: Broker, issuer: Issuer, tmp_path: Path) -> Iterator[Start]:
    running: list[ServiceProcess] = []

    def start(**settings: object) -> ServiceProcess:
        environment = {
            **broker.environment(PREFIX),
            **issuer.environment(PREFIX),
            f"{PREFIX}CALLS_PER_SECOND": "100000",
            f"{PREFIX}CALLS_BURST": "100000",
            **{f"{PREFIX}{name}".upper(): str(value) for name, value in settings.items()},
        }
        running.append(ServiceProcess("price_feed", tmp_path, environment))
        return running[-1]

    yield start
    end_all(running)


def price() -> dict[str, str]:
    """A price that no other test posts."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"symbol": "WTI", "price": f"{next(_CENTS)}.25", "currency": "USD", "traded_at": at}


def written(broker: Broker, topic: str = PRICES) -> dict[tuple[int, int], dict[str, Any]]:
    """Values by partition and offset."""
    return {(each.partition(), each.offset()): orjson.loads(each.value()) for each in broker.read(topic)}


def test_a_posted_price_lies_where_the_answer_says_with_its_trace_and_hop(start: Start, broker: Broker, issuer: Issuer):
    feed = start()
    posted, trace = price(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {**issuer.headers("service"), "traceparent": trace}
    answer = httpx.post(f"{feed.url}/v1/prices", json=posted, headers=headers)
    place = answer.json()
    assert (answer.status_code, place["topic"], place["traceparent"]) == (202, PRICES, trace)
    [message] = [
        each
        for each in broker.read(PRICES)
        if (each.partition(), each.offset()) == (place["partition"], place["offset"])
    ]
    assert (message.key(), orjson.loads(message.value())) == (b"WTI", posted)
    sent = dict(message.headers())
    assert sent["traceparent"].decode() == trace
    service, at = sent["hops"].decode().split("=")
    assert service == "price-feed"
    assert abs(int(at) / 1e6 - time.time()) < 60


def test_prices_and_locational_prices_are_replayed_at_their_rates(start: Start, broker: Broker):
    before = len(written(broker)), len(written(broker, LMPS))
    feed = start(rate=200, lmp_rate=50)
    deadline = time.monotonic() + 60
    while len(written(broker, LMPS)) - before[1] < 100:
        assert time.monotonic() < deadline, "the replay goes on however slow the machine is"
        time.sleep(0.1)
    feed.terminate()
    assert feed.end() == 0
    prices, lmps = len(written(broker)) - before[0], len(written(broker, LMPS)) - before[1]
    # Both fall due by one clock, so that their proportion holds on a machine of any speed.
    assert 2 < prices / lmps < 8
    assert {"iso", "node", "lmp"} <= next(iter(written(broker, LMPS).values())).keys()


def test_a_replay_that_fails_ends_the_process_with_1(start: Start, tmp_path: Path):
    # In the process's own folder, so that it hides the package with the history.
    (tmp_path / "arch").mkdir()
    (tmp_path / "arch" / "__init__.py").touch()
    feed = start(rate=10)
    assert feed.end() == 1
    assert any("the work beside the requests failed" in str(line["event"]) for line in feed.log)


def test_with_the_broker_away_posts_are_refused_soon_and_taken_again_when_it_is_back(
    start: Start, broker: Broker, issuer: Issuer
):
    feed = start(rate=100, stall_seconds=0.5, delivery_seconds=5, stop_seconds=6)
    headers = issuer.headers("service")

    def post(posted: dict[str, str]) -> httpx.Response:
        answer = httpx.post(f"{feed.url}/v1/prices", json=posted, headers=headers, timeout=20)
        if answer.status_code == 503:
            assert "The price was not written" in answer.json()["detail"]
            assert int(answer.headers["retry-after"]) >= 1
        return answer

    kept, lost = price(), price()
    assert post(kept).status_code == 202
    broker.kill()
    feed.wait_for_reason("buffer", "Kafka has acknowledged nothing for")
    refused = post(lost)
    assert refused.status_code == 503
    # Only who was not handed to the producer is told so; who had waited there would be told of the time-out instead.
    assert "The price was not written: Kafka has acknowledged nothing for" in refused.json()["detail"]
    assert httpx.get(f"{feed.url}/healthz").status_code == 200
    broker.start()
    again, deadline = price(), time.monotonic() + 20
    while post(again).status_code != 202:
        assert time.monotonic() < deadline
        again = price()
    feed.wait_until_ready()
    there = [value["price"] for value in written(broker).values()]
    assert [there.count(each["price"]) for each in (kept, lost, again)] == [1, 0, 1]


async def test_a_stop_under_load_loses_no_price_that_was_taken(start: Start, broker: Broker, issuer: Issuer):
    feed = start(drain_seconds=1, stop_seconds=10)
    headers = issuer.headers("service")
    taken: list[dict[str, Any]] = []
    broken: list[Exception] = []
    out_of_rotation = asyncio.Event()

    async def load(client: httpx.AsyncClient) -> None:
        while not out_of_rotation.is_set():
            posted = price()
            try:
                answer = await client.post("/v1/prices", json=posted, headers=headers)
            except httpx.HTTPError as error:
                broken.append(error)
            else:
                assert answer.status_code == 202, answer.text
                taken.append({**answer.json(), "posted": posted})

    async def balance(client: httpx.AsyncClient) -> None:
        status = 200
        while status == 200:
            await asyncio.sleep(0.05)
            status = (await client.get("/readyz")).status_code
        await asyncio.sleep(0.3)
        out_of_rotation.set()

    async with httpx.AsyncClient(base_url=feed.url, timeout=20) as client:
        tasks = [asyncio.create_task(load(client)) for _ in range(8)] + [asyncio.create_task(balance(client))]
        await asyncio.sleep(0.5)
        feed.terminate()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)
    assert await asyncio.to_thread(feed.end) == 0
    assert broken == []
    there = await asyncio.to_thread(written, broker)
    assert len(taken) > 20
    assert all(there[each["partition"], each["offset"]] == each["posted"] for each in taken)
