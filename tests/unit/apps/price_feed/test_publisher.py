import asyncio
from typing import Any

import pytest
from price_feed.measures import Measures
from price_feed.publisher import NotKept, Publisher
from pricemodel.records import CommodityPrice
from prometheus_client import CollectorRegistry
from servicekit import hops
from servicekit.kafka_errors import KafkaFailure
from servicekit.kafka_spans import sending
from servicekit.producer import Sent
from servicekit.tracing import record_headers

PRICE = CommodityPrice.parse(b'{"symbol":"WTI","price":"70.10","currency":"USD","traded_at":"2026-01-31T12:00:00Z"}')


class FakeWriter:
    def __init__(self) -> None:
        self.futures: list[asyncio.Future[Sent]] = []
        self.records: list[tuple] = []
        self.full = False

    def enqueue(self, topic: str, key: bytes, value: bytes, headers: Any = None):
        if self.full:
            raise BufferError("queue full")
        self.records.append((topic, key, value, headers))
        self.futures.append(asyncio.get_running_loop().create_future())
        return self.futures[-1]


class Bench:
    """A publisher with a clock that tests set."""

    def __init__(self, buffer: int = 3) -> None:
        self.writer, self.registry, self.now = FakeWriter(), CollectorRegistry(), 100.0
        self.publisher = Publisher(
            self.writer, Measures(self.registry), buffer=buffer, stall_seconds=2.0, clock=lambda: self.now
        )


async def test_a_price_is_written_under_its_key_with_its_trace_and_the_first_hop():
    bench = Bench()
    with sending({PRICE.topic}, 1, makes=True):
        trace = record_headers()["traceparent"]
        posted = asyncio.create_task(bench.publisher.publish(PRICE))
        await asyncio.sleep(0)
    bench.writer.futures[0].set_result(Sent("commodity-prices", 3, 9))
    assert await posted == Sent("commodity-prices", 3, 9)
    [(topic, key, value, headers)] = bench.writer.records
    assert (topic, key, CommodityPrice.parse(value)) == ("commodity-prices", b"WTI", PRICE)
    assert headers["traceparent"] == trace
    assert [hop.service for hop in hops.parse(headers)] == ["price-feed"]
    assert bench.registry.get_sample_value("records_written_total", {"topic": "commodity-prices"}) == 1


async def test_when_the_buffer_is_full_records_are_refused_at_once_and_taken_again_when_there_is_room():
    bench = Bench(buffer=2)
    for _ in range(2):
        bench.publisher.offer(PRICE)
    with pytest.raises(NotKept, match="2 records wait for Kafka; there is room for 2"):
        await bench.publisher.publish(PRICE)
    bench.writer.futures[0].set_result(Sent("t", 0, 0))
    await asyncio.sleep(0)
    bench.publisher.offer(PRICE)
    assert bench.publisher.waiting == 2


async def test_when_the_oldest_record_waits_too_long_new_ones_are_refused_and_readiness_says_so():
    bench = Bench()
    bench.publisher.offer(PRICE)
    bench.now += 1.9
    await bench.publisher.ready()
    bench.now += 3
    for refused in (bench.publisher.publish(PRICE), bench.publisher.ready()):
        with pytest.raises(NotKept, match="Kafka has acknowledged nothing for 5 s"):
            await refused
    bench.writer.futures[0].set_result(Sent("t", 0, 0))
    await asyncio.sleep(0)
    await bench.publisher.ready()


async def test_a_record_that_was_not_kept_is_told_counted_and_no_longer_waited_for():
    bench = Bench()
    posted = asyncio.create_task(bench.publisher.publish(PRICE))
    await asyncio.sleep(0)
    bench.writer.futures[0].set_exception(KafkaFailure("a record was not kept: timed out"))
    with pytest.raises(NotKept, match="timed out"):
        await posted
    assert bench.publisher.waiting == 0
    assert bench.registry.get_sample_value("records_refused_total", {"topic": "commodity-prices"}) == 1


async def test_after_one_was_given_up_records_are_tried_one_at_a_time_until_one_is_written():
    bench = Bench()
    bench.publisher.offer(PRICE).set_exception(KafkaFailure("timed out"))
    await asyncio.sleep(0)
    await bench.publisher.ready()
    bench.publisher.offer(PRICE)
    with pytest.raises(NotKept, match="tried again with one record; the last: timed out"):
        bench.publisher.offer(PRICE)
    bench.writer.futures[1].set_result(Sent("t", 0, 0))
    await asyncio.sleep(0)
    bench.publisher.offer(PRICE)
    bench.publisher.offer(PRICE)


async def test_a_client_library_without_room_is_told_as_a_refusal():
    bench = Bench()
    bench.writer.full = True
    with pytest.raises(NotKept, match="Kafka takes no records: queue full"):
        bench.publisher.offer(PRICE)


async def test_a_caller_who_goes_away_does_not_take_the_record_back():
    bench = Bench()
    posted = asyncio.create_task(bench.publisher.publish(PRICE))
    await asyncio.sleep(0)
    posted.cancel()
    await asyncio.sleep(0)
    assert not bench.writer.futures[0].cancelled()
    assert bench.publisher.waiting == 1
