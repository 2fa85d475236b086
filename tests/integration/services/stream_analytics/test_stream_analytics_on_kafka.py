"""stream-analytics as a real process on a real broker: killed, restarted, and compared with a batch."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import jsonschema
import orjson
import pytest
import yaml
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from infra.core.data.dataset import Column
from infra.core.data.json_schema import json_schema
from sandbox.control_plane.ports import free_port
from sandbox.deathsignal import die_with_parent
from tests.support.kafka import Broker, running_kafka
from tests.support.window_reference import MICRO, Event, windows_of
from tests.support.window_streams import SMALL, START

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[4]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SYMBOLS = ("WTI", "BRENT", "GAS", "GOLD", "CORN")
FIGURES = ("count", "mean", "std", "p50", "p95", "trend", "drift")


class Analytics:
    """Processes of the service, one after the other, on topics of this test alone."""

    def __init__(self, broker: Broker, folder: Path, name: str) -> None:
        self.broker, self.folder, self.group = broker, folder, f"stream-analytics-{name}"
        self.input = f"{name}.commodity-prices"
        self.output, self.dead = f"{self.group}.windows", f"{self.group}.dead-letter"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **more: str) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            **self.broker.environment("STREAM_ANALYTICS_"),
            "STREAM_ANALYTICS_LISTEN_HOST": "127.0.0.1",
            "STREAM_ANALYTICS_LISTEN_PORT": str(self.port),
            "STREAM_ANALYTICS_GROUP": self.group,
            "STREAM_ANALYTICS_TOPIC_PREFIX": self.input.removesuffix("commodity-prices"),
            "STREAM_ANALYTICS_OUTPUT_TOPIC": self.output,
            "STREAM_ANALYTICS_DEAD_LETTER_TOPIC": self.dead,
            "STREAM_ANALYTICS_WINDOWS": json.dumps({"commodity-prices": SMALL.model_dump()}),
            "STREAM_ANALYTICS_BATCH_RECORDS": "500",
            "STREAM_ANALYTICS_COMMIT_SECONDS": "0.2",
            "STREAM_ANALYTICS_STATIC_MEMBER": "true",
            "STREAM_ANALYTICS_IDLE_SECONDS": "3600",
            "STREAM_ANALYTICS_DRAIN_SECONDS": "0",
            **more,
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stream_analytics"],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
            )

    def end(self, number: signal.Signals) -> int:
        assert self.process
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        self.process = None
        return code

    def windows(self) -> dict[tuple[str, str, int, int], tuple[float | None, ...]]:
        """What was written and committed, each window once."""
        found: dict[tuple[str, str, int, int], tuple[float | None, ...]] = {}
        for message in self.broker.read(self.output):
            record = orjson.loads(message.value())
            assert message.key().decode() == record["symbol"]
            start, end = (_micro(record[f"window_{edge}"]) for edge in ("start", "end"))
            key = record["window_kind"], record["symbol"], start, end
            assert key not in found, f"{key} was written twice"
            found[key] = tuple(record[name] for name in FIGURES)
        return found

    def write(self, events: list[Event]) -> None:
        """Write prices in this order: without idempotence a retry may change it by more than the lateness."""
        producer = Producer({"bootstrap.servers": self.broker.plain, "enable.idempotence": True, "log_level": 0})
        for event in events:
            producer.produce(self.input, value_of(*event), event[0].encode())
        assert producer.flush(30) == 0

    def wait_for_end(self, seconds: float = 30, ends: bool = False) -> None:
        """Until everything that was written was taken in and committed; the process may only end if `ends`."""
        # A member of no group: it only asks what is committed.
        reader = Consumer({"bootstrap.servers": self.broker.plain, "group.id": self.group, "log_level": 0})
        place = TopicPartition(self.input, 0)
        deadline = time.monotonic() + seconds
        try:
            _, written = reader.get_watermark_offsets(place, timeout=10)
            while _taken(reader, place) < written:
                assert time.monotonic() < deadline, f"not done in {seconds} s: {(self.folder / 'log').read_text()}"
                assert self.process
                assert ends or self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.1)
        finally:
            reader.close()


def _taken(reader: Consumer, place: TopicPartition) -> int:
    """Offset behind the last record that a committed checkpoint knows of."""
    try:
        (committed,) = reader.committed([place], timeout=10)
    except KafkaException:
        return -1  # a broker that has just started reads its groups first
    return json.loads(committed.metadata)["next"] if committed.metadata else -1


def _micro(instant: str) -> int:
    return (datetime.fromisoformat(instant) - EPOCH) // timedelta(microseconds=1)


def value_of(series: str, time_us: int, price: int) -> bytes:
    at = (EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")
    record = {"symbol": series, "price": f"{price // 10_000}.{price % 10_000:04d}", "currency": "USD", "traded_at": at}
    return orjson.dumps(record)


def market(count: int, seed: int, seconds: int = 300) -> list[Event]:
    """Prices in an order in which none comes more than 4 s behind the newest."""
    chance = random.Random(seed)
    events = [
        (chance.choice(SYMBOLS), START + chance.randrange(seconds * MICRO), chance.randrange(1_000_000))
        for _ in range(count)
    ]
    return sorted(events, key=lambda event: event[1] + chance.randrange(4 * MICRO))


def closing(seconds: int = 2000) -> list[Event]:
    """One price of each symbol, after which everything up to half an hour before is final."""
    return [(symbol, START + seconds * MICRO, 1) for symbol in SYMBOLS]


@contextmanager
def analytics_on(broker: Broker, folder: Path) -> Iterator[Analytics]:
    one = Analytics(broker, folder, uuid4().hex[:8])
    # One partition: of several some would stay empty or fall behind, and their windows end only when time passes.
    broker.create_topics(one.input)
    broker.create_topics(one.output, one.dead, partitions=2)
    try:
        yield one
    finally:
        if one.process:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def analytics(kafka_broker: Broker, tmp_path: Path) -> Iterator[Analytics]:
    with analytics_on(kafka_broker, tmp_path) as one:
        yield one


@contextmanager
def restarted(analytics: Analytics) -> Iterator[None]:
    """What a container runtime does: a process that ends with 1 is started again."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if analytics.process and analytics.process.poll() == 1:
                analytics.start()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


@pytest.mark.parametrize("outages", [1, pytest.param(5, marks=pytest.mark.soak)])
def test_through_an_outage_of_its_broker_it_loses_no_window_and_writes_none_twice(tmp_path: Path, outages: int):
    chance = random.Random(outages)
    events = market((outages + 1) * 4000, seed=outages, seconds=100 * (outages + 1))
    with (
        running_kafka(tmp_path / "broker") as broker,
        analytics_on(broker, tmp_path) as analytics,
        restarted(analytics),
    ):
        for number in range(outages + 1):
            analytics.write(events[number * 4000 : (number + 1) * 4000])
            if number == 0:
                analytics.start()
            if number < outages:
                time.sleep(chance.uniform(0.8, 2.5))
                broker.kill()
                time.sleep(1)
                broker.start()
        analytics.write(closing((outages + 1) * 100 + 2000))
        analytics.wait_for_end(90, ends=True)
        expected = windows_of(events, SMALL, until=START + (outages + 1) * 100 * MICRO + 1900 * MICRO)
        assert analytics.windows() == expected
        assert broker.read(analytics.dead) == []


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_killed_at_random_moments_it_loses_no_window_and_writes_none_twice(
    analytics: Analytics, kafka_broker: Broker, kills: int
):
    chance = random.Random(kills)
    events = market(kills * 4000, seed=kills, seconds=100 * kills)
    share = len(events) // (kills + 1) + 1
    for number in range(kills + 1):
        analytics.write(events[number * share : (number + 1) * share])
        analytics.start()
        if number < kills:
            time.sleep(chance.uniform(0.3, 2.5))
            analytics.end(signal.SIGKILL)
    analytics.write(closing(kills * 100 + 2000))
    analytics.wait_for_end(60)
    assert analytics.end(signal.SIGTERM) == 0
    expected = windows_of(events, SMALL, until=START + kills * 100 * MICRO + 1900 * MICRO)
    assert analytics.windows() == expected
    assert kafka_broker.read(analytics.dead) == []


def test_late_and_unreadable_records_are_put_aside_once_with_the_reason(analytics: Analytics, kafka_broker: Broker):
    good = [("WTI", START + at * MICRO, 700_000 + at) for at in range(0, 60, 2)]
    analytics.write(good)
    kafka_broker.write(
        analytics.input,
        [
            (b"WTI", value_of("WTI", START + MICRO, 1)),
            (b"WTI", b"not json"),
            (b"GAS", value_of("WTI", START + 60 * MICRO, 1)),
            (b"WTI", value_of("WTI", START + 10**16, 1)),
            (None, b"{}"),
        ],
    )
    analytics.start()
    analytics.wait_for_end()
    analytics.end(signal.SIGKILL)
    analytics.write(closing())
    analytics.start()
    analytics.wait_for_end()
    assert analytics.end(signal.SIGTERM) == 0
    letters = {int(dict(one.headers())["offset"]): dict(one.headers()) for one in kafka_broker.read(analytics.dead)}
    assert len(kafka_broker.read(analytics.dead)) == len(letters) == 5, "each once"
    reasons = [letters[30 + at]["reason"].decode() for at in range(5)]
    assert reasons[0] == "late: 57 s behind the newest event, allowed are 8 s"
    assert reasons[1].startswith("not JSON")
    assert reasons[2] == "the key = 'GAS': must be the record's symbol"
    assert "at most 60 s ahead of the record's own timestamp" in reasons[3]
    assert reasons[4] == "fields missing: currency, price, symbol, traded_at"
    assert {letter["topic"] for letter in letters.values()} == {analytics.input.encode()}
    assert analytics.windows() == windows_of(good, SMALL, until=START + 1900 * MICRO)


def test_windows_end_without_a_further_record_once_time_has_passed(analytics: Analytics, kafka_broker: Broker):
    analytics.write([("WTI", START + 41 * MICRO, 700_000), ("WTI", START + 47 * MICRO, 710_000)])
    windows = {"commodity-prices": {**SMALL.model_dump(), "lateness_seconds": 1}}
    analytics.start(STREAM_ANALYTICS_IDLE_SECONDS="0.5", STREAM_ANALYTICS_WINDOWS=json.dumps(windows))
    # 47 s seen, 1 s of lateness: the window that ends at 50 s is final 4 s later, and a price of 45 s is late then.
    deadline = time.monotonic() + 30
    while not (found := kafka_broker.read(analytics.output)) and time.monotonic() < deadline:
        time.sleep(0.3)
    record = orjson.loads(found[0].value())
    assert (record["window_kind"], record["count"], record["window_end"]) == ("tumbling", 2, "2025-06-15T15:07:30Z")
    analytics.write([("WTI", START + 45 * MICRO, 700_000)])
    analytics.wait_for_end()
    time.sleep(0.5)
    assert len(kafka_broker.read(analytics.dead)) == 1
    assert analytics.end(signal.SIGTERM) == 0


def test_a_second_process_of_the_same_name_shuts_the_first_out(analytics: Analytics, kafka_broker: Broker):
    analytics.start()
    analytics.write(market(200, seed=1))
    analytics.wait_for_end()
    first, analytics.process = analytics.process, None
    assert first
    analytics.port = free_port()
    analytics.start()
    try:
        # It learns of it with its next transaction.
        assert first.wait(timeout=30) == 1
        assert "another process has the same STREAM_ANALYTICS_POD_NAME" in (analytics.folder / "log").read_text()
    finally:
        first.kill()


def test_what_it_writes_is_what_the_catalog_says(analytics: Analytics, kafka_broker: Broker):
    catalog = yaml.safe_load((ROOT / "infra" / "catalog" / "topics.yaml").read_text())["topics"]["price-windows"]
    schema = json_schema("price-windows", "", [Column.model_validate(column) for column in catalog["columns"]])
    analytics.write([*market(500, seed=2), *closing()])
    analytics.start()
    analytics.wait_for_end()
    records = kafka_broker.read(analytics.output)
    assert {orjson.loads(one.value())["window_kind"] for one in records} == {"tumbling", "sliding", "session"}
    for message in records:
        jsonschema.validate(orjson.loads(message.value()), schema)
    assert analytics.end(signal.SIGTERM) == 0
