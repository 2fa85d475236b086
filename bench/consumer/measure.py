"""Measures the loop from Kafka to Kafka: with the two services as HTTP servers, and with both as plain functions."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import structlog
from prediction_consumer.measures import Measures
from prediction_consumer.pipeline import Pipeline
from prediction_consumer.predictor import Asker, Predictor
from prediction_consumer.stream import KafkaStream
from prometheus_client import CollectorRegistry
from servicekit.client import ServiceClient
from servicekit.kafka import KafkaSettings
from servicekit.retry import Backoff

from bench.report import line
from sandbox.deathsignal import die_with_parent
from tests.support.kafka import Broker, running_kafka

LIMIT = 5000.0
"""Prices a second of one process: the bar of prediction-consumer."""

RECORDS = 60_000
_SYMBOLS = 50
_PARTITIONS = 6
_HEADERS = [("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("hops", b"price-feed=1")]


def main() -> None:
    """Print prices a second, their ratio to the bar, and what HTTP costs."""
    logging.basicConfig(level=logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder, running_kafka(Path(folder) / "broker") as broker, _stub() as url:
        alone = asyncio.run(_rate(broker, "alone", None))
        served = asyncio.run(_rate(broker, "served", url))
    line("the same loop, the two services as functions: prices", alone, "/s")
    line("prediction-consumer, two HTTP servers: prices", served, "/s", against="at least", limit=LIMIT, least=True)
    print(f"  {served / alone:.2f} of the loop without HTTP; every batch is one transaction on a real broker")


async def _rate(broker: Broker, name: str, url: str | None) -> float:
    prices, predictions, dead = f"{name}-prices", f"{name}-predictions", f"{name}-dead"
    broker.create_topics(prices, predictions, dead, partitions=_PARTITIONS)
    await asyncio.to_thread(_fill, broker, prices)
    registry, done = CollectorRegistry(), False
    stream = KafkaStream(
        KafkaSettings(bootstrap_servers=broker.plain).client_config(),
        group=name,
        topic=prices,
        transactional_id=name,
        max_records=500,
        transaction_seconds=15,
        stopping=lambda: done,
    )
    async with AsyncExitStack() as clients:
        service: Asker = await clients.enter_async_context(ServiceClient(url, None)) if url else Functions()
        predictor = Predictor(service, service, topic=predictions, dead_letters=dead)
        pipeline = Pipeline(stream, predictor, Measures(registry), backoff=Backoff(), stopping=lambda: done)
        task = asyncio.create_task(pipeline.run())
        first = await _until(registry, 1, task)
        begun = time.perf_counter()
        last = await _until(registry, RECORDS, task)
        seconds = time.perf_counter() - begun
        done = True
        await task
    return (last - first) / seconds


async def _until(registry: CollectorRegistry, wanted: int, task: asyncio.Task[None]) -> float:
    while True:
        written = registry.get_sample_value("predictions_written_total") or 0.0
        if written >= wanted:
            return written
        if task.done():
            task.result()
        await asyncio.sleep(0.005)


def _fill(broker: Broker, topic: str) -> None:
    from confluent_kafka import Producer  # noqa: PLC0415

    producer = Producer({"bootstrap.servers": broker.plain, "linger.ms": 20})
    for number in range(RECORDS):
        symbol = f"S{number % _SYMBOLS}"
        value = b'{"symbol":"%s","price":"71.2500","currency":"USD","traded_at":"2026-01-31T12:00:00.123456Z"}'
        while True:
            try:
                producer.produce(topic, value % symbol.encode(), symbol.encode(), headers=_HEADERS)
            except BufferError:
                producer.poll(0.1)
            else:
                break
    producer.flush()


@contextmanager
def _stub() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.consumer.stub"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
    ) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.kill()


class Functions:
    """Both services without HTTP: the same answers, made in place."""

    async def post(self, path: str, body: Any, *, idempotent: bool = False) -> Any:
        """Answer at once."""
        del idempotent
        if path == "/v1/features":
            rows = [{"symbol": symbol, "values": [1.0, 2.0], "stale": False} for symbol in body["symbols"]]
            return {"names": ["a", "b"], "rows": rows, "missing": []}
        predictions = [
            {"symbol": one["symbol"], "prediction": one["price"] + 1, "direction": 1, "confidence": 0.6, "version": "1"}
            for one in body["inputs"]
        ]
        return {"version": "1", "predictions": predictions}
