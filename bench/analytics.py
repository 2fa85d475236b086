"""stream-analytics on a real broker: events a second of one process, beside a loop that only reads and parses them."""

from __future__ import annotations

import logging
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import confluent_kafka
import orjson
import structlog
from prometheus_client import CollectorRegistry
from servicekit.kafka import KafkaSettings
from stream_analytics.metrics import StreamMetrics
from stream_analytics.pipeline import Pipeline
from stream_analytics.settings import WINDOWS, StreamAnalyticsSettings

from bench.report import line
from tests.support.kafka import Broker, running_kafka
from tests.support.window_reference import Event, windows_of

LIMIT = 50_000.0
"""Events a second of one process: the bar of stream-analytics."""

EVENTS = 1_000_000
SYMBOLS = 500
EVENT_SECONDS = 500
"""Event time that the events span: 2,000 a second, so that windows of each kind close while it runs."""

_PARTITIONS = 2
_CHECKED = 5
_PREFIX = "bench."
_TOPIC = f"{_PREFIX}commodity-prices"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_START = 1_750_000_200 * 1_000_000


def main() -> None:
    """Print events a second, their ratio to the bar and to the loop, and whether windows equal a batch's."""
    logging.basicConfig(level=logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder, running_kafka(Path(folder) / "broker") as broker:
        broker.create_topics(_TOPIC, "bench.windows", "bench.dead", partitions=_PARTITIONS)
        checked = _fill(broker)
        alone = _read_and_parse(broker)
        rate, windows, commit, cpu = _analyse(broker)
        line("a loop that reads and parses: events", alone, "/s")
        line("stream-analytics, three kinds of window: events", rate, "/s", against="at least", limit=LIMIT, least=True)
        print(
            f"  {rate / alone:.2f} of the loop that only reads and parses; {windows:.0f} windows written exactly once"
        )
        line("  its CPU time for a thousand events", cpu * 1e6, "ms")
        line("from a batch's arrival to its windows' commit, mean", commit * 1000, "ms")
        _compare(broker, checked)


def _events() -> Iterator[Event]:
    chance = random.Random(1)  # noqa: S311 - a load and no secret
    step = EVENT_SECONDS * 1_000_000 // EVENTS
    for number in range(EVENTS):
        late = chance.randrange(4_000_000)
        yield f"S{number * 7919 % SYMBOLS}", _START + number * step - late, 700_000 + chance.randrange(100_000)


def _fill(broker: Broker) -> list[Event]:
    """Write the events out of order by up to 4 s; those of the symbols that are compared are returned."""
    # Idempotent: otherwise a retry may change the order, and what is seconds late is no longer in any window.
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": broker.plain, "linger.ms": 20, "compression.type": "lz4", "enable.idempotence": True}
    )
    wanted = {f"S{number}" for number in range(_CHECKED)}
    checked = []
    for event in _events():
        symbol, time_us, price = event
        if symbol in wanted:
            checked.append(event)
        at = (_EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")
        text = f"{price // 10_000}.{price % 10_000:04d}"
        value = orjson.dumps({"symbol": symbol, "price": text, "currency": "USD", "traded_at": at})
        while True:
            try:
                producer.produce(_TOPIC, value, symbol)
            except BufferError:
                producer.poll(0.1)
            else:
                break
    producer.flush()
    return checked


def _read_and_parse(broker: Broker) -> float:
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": broker.plain, "group.id": "bench-limit", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([_TOPIC])
    seen, begun = 0, 0.0
    while seen < EVENTS:
        messages = consumer.consume(10_000, timeout=0.2)
        begun = begun or (time.perf_counter() if messages else 0.0)
        for message in messages:
            orjson.loads(message.value())
        seen += len(messages)
    seconds = time.perf_counter() - begun
    consumer.close()
    return EVENTS / seconds


def _analyse(broker: Broker) -> tuple[float, float, float, float]:
    """Events a second, windows written, mean seconds of a commit, and seconds of CPU time for an event."""
    settings = StreamAnalyticsSettings(
        kafka=KafkaSettings(bootstrap_servers=broker.plain),
        group="stream-analytics-bench",
        topic_prefix=_PREFIX,
        windows={"commodity-prices": WINDOWS["commodity-prices"]},
        output_topic="bench.windows",
        dead_letter_topic="bench.dead",
        idle_seconds=3600,
    )
    registry = CollectorRegistry()
    pipeline = Pipeline(settings, StreamMetrics(registry))
    thread = threading.Thread(target=pipeline.run)
    thread.start()
    begun = 0.0
    taken = first = worked = 0.0
    while taken < EVENTS and thread.is_alive():
        taken = sum(
            registry.get_sample_value("stream_records_total", {"topic": _TOPIC, "outcome": outcome}) or 0.0
            for outcome in ("good", "late", "bad")
        )
        if taken and not begun:
            begun, first, worked = time.perf_counter(), taken, time.process_time()
        time.sleep(0.01)
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    pipeline.stop()
    thread.join()
    windows = sum(
        registry.get_sample_value("stream_windows_total", {"topic": _TOPIC, "kind": kind}) or 0.0
        for kind in ("tumbling", "sliding", "session")
    )
    total = registry.get_sample_value("stream_commit_seconds_sum") or 0.0
    commits = registry.get_sample_value("stream_commit_seconds_count") or 1.0
    return (taken - first) / seconds, windows, total / commits, worked / (taken - first)


def _compare(broker: Broker, events: list[Event]) -> None:
    """Hold the windows of some symbols against a batch over their whole history, figure by figure."""
    wanted = {symbol for symbol, _, _ in events}
    found = {}
    for message in broker.read("bench.windows", seconds=60):
        if message.key().decode() in wanted:
            record = orjson.loads(message.value())
            edges = (datetime.fromisoformat(record[f"window_{edge}"]) - _EPOCH for edge in ("start", "end"))
            start, end = (edge // timedelta(microseconds=1) for edge in edges)
            names = ("count", "mean", "std", "p50", "p95", "trend", "drift")
            found[record["window_kind"], record["symbol"], start, end] = tuple(record[name] for name in names)
    until = max(end for _, _, _, end in found)
    expected = {
        key: figures
        for key, figures in windows_of(events, WINDOWS["commodity-prices"], until).items()
        if key[3] < until
    }
    given = {key: figures for key, figures in found.items() if key[3] < until}
    same = sum(given.get(key) == figures for key, figures in expected.items())
    more = len(given.keys() - expected.keys())
    print(
        f"  {same} of {len(expected)} windows of {len(wanted)} symbols equal a batch's to the last bit, {more} too many"
    )
