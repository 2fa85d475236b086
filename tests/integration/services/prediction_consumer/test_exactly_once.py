"""One prediction for each price: processes are killed at random moments, brokers are, and groups rebalance."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.kafka import Broker, running_kafka
from tests.support.service_process import ServiceProcess

if TYPE_CHECKING:
    from tests.integration.services.prediction_consumer.conftest import PricePath, Start

pytestmark = pytest.mark.integration

VALUE = b'{"symbol":"WTI","price":"70.10","currency":"USD","traded_at":"2026-01-31T12:00:00Z"}'
POISON = b"{"


class Writing:
    """Writes inputs until it is stopped, however long the broker is away."""

    def __init__(self, path: PricePath) -> None:
        self.path = path
        self.written = 0
        self._stop = threading.Event()

    def run(self) -> None:
        from confluent_kafka import Producer

        client = Producer({"bootstrap.servers": self.path.broker.plain, "enable.idempotence": True, "log_level": 0})
        while not self._stop.is_set():
            for _ in range(10):
                # Every fiftieth is poison: dead letters are in the same transactions.
                value = POISON if self.written % 50 == 49 else VALUE
                client.produce(self.path.input, value, b"k%d" % (self.written % 7))
                self.written += 1
            client.poll(0.02)
        assert client.flush(30) == 0

    @contextmanager
    def going_on(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(60)


def check(path: PricePath, writing: Writing) -> None:
    """Every input led to one prediction or one dead letter, and nothing else is there."""
    expected = path.expected()
    poison = writing.written // 50
    assert sum(expected.values()) == writing.written
    predictions = path.predictions(writing.written - poison, seconds=60)
    letters = [
        (dict(each.headers())["partition"], dict(each.headers())["offset"]) for each in path.dead_letters(poison)
    ]
    assert max(predictions.values()) == 1, "a price was predicted twice"
    assert set(predictions) <= set(expected)
    assert len(letters) == len(set(letters)) == poison
    assert len(predictions) == writing.written - poison, "a price was not predicted"


def killed(start: Start, path: PricePath, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    writing = Writing(path)
    with writing.going_on():
        for _ in range(kills):
            process = start(path)
            time.sleep(chance.uniform(0.0, 2.0))
            process.kill()
        start(path)
        time.sleep(0.5)
    check(path, writing)


def test_killed_at_random_moments_it_predicts_each_price_once(start: Start, path: PricePath):
    killed(start, path, kills=3, seed=random.randrange(1000))


@pytest.mark.soak
def test_killed_at_twenty_random_moments_it_predicts_each_price_once(start: Start, path: PricePath):
    killed(start, path, kills=20, seed=random.randrange(1000))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_kafka(tmp_path / "broker") as running:
        yield running


@contextmanager
def kept_running(begin: Callable[[], ServiceProcess]) -> Iterator[list[ServiceProcess]]:
    """What a container runtime does: a process that ends with 1 is started again."""
    processes = [begin()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if processes[-1].process.poll() == 1:
                processes.append(begin())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield processes
    finally:
        over.set()
        thread.join(60)


def outage(start: Start, broker: Broker, transaction_seconds: float) -> None:
    from tests.integration.services.prediction_consumer.conftest import PricePath

    path = PricePath(broker, "outage")
    writing = Writing(path)
    with kept_running(lambda: start(path, transaction_seconds=transaction_seconds)) as processes:
        with writing.going_on():
            path.predictions(100)
            broker.kill()
            processes[0].wait_for_reason("kafka", "connection refused")
            broker.start()
            time.sleep(0.5)
        try:
            check(path, writing)
        finally:
            for process in processes:
                print(process.process.poll(), *process.log[-8:], sep="\n")  # shown where the test fails
        assert len(processes) <= 3, "a new process waits for the broker, and does not end again and again"


def test_through_an_outage_longer_than_a_transaction_each_price_is_predicted_once(start: Start, broker: Broker):
    outage(start, broker, transaction_seconds=2)


@pytest.mark.soak
def test_through_an_outage_shorter_than_a_transaction_each_price_is_predicted_once(start: Start, broker: Broker):
    outage(start, broker, transaction_seconds=60)


def test_when_three_replicas_come_and_go_each_price_is_predicted_once(start: Start, path: PricePath):
    writing = Writing(path)
    with writing.going_on():
        first, second = start(path, "a"), start(path, "b")
        start(path, "c").wait_until_ready()
        time.sleep(0.5)
        first.kill()
        second.terminate()
        assert second.end() == 0
        start(path, "a").wait_until_ready()
    check(path, writing)
