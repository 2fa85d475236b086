"""servicekit's clients of Kafka before a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from servicekit.consumer import Consumer, ConsumerMetrics
from servicekit.kafka import KafkaSettings
from servicekit.kafka_errors import Fenced, KafkaFailure
from servicekit.producer import Producer
from servicekit.reader import END, PartitionReader
from servicekit.records import Record

from tests.support.kafka import Broker

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(kafka_broker: Broker) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka_broker.plain)


@pytest.fixture
def name(kafka_broker: Broker) -> str:
    """A topic of two partitions; groups and transactional ids of the test begin with it too."""
    topic = f"kit-{uuid4().hex[:8]}"
    kafka_broker.create_topics(topic, partitions=2)
    return topic


async def write(settings: KafkaSettings, topic: str, numbers: range) -> None:
    async with Producer(settings) as producer:
        await asyncio.gather(*(producer.send(topic, b"k%d" % (n % 7), b"%d" % n, {"n": b"%d" % n}) for n in numbers))


async def take(consumer: Consumer, count: int, **how: Any) -> list[Record]:
    records: list[Record] = []
    async with asyncio.timeout(30), aclosing(consumer.batches(**how)) as batches:
        async for batch in batches:
            records += batch
            if len(records) >= count:
                return records
    raise AssertionError("unreachable: batches never end")


def numbers(records: list[Record]) -> list[int]:
    return sorted(int(record.value or b"") for record in records)


async def test_what_is_written_is_read_in_order_with_key_headers_and_time(settings: KafkaSettings, name: str):
    await write(settings, name, range(1000))
    async with Consumer(settings, group=name, topics=[name]) as consumer:
        records = await take(consumer, 1000, max_records=100)
    assert numbers(records) == list(range(1000))
    for partition in range(2):
        offsets = [record.offset for record in records if record.partition == partition]
        assert offsets == list(range(len(offsets)))
    assert all(record.headers == {"n": record.value} and record.timestamp_ms > 0 for record in records)


async def test_what_was_not_committed_comes_again_and_what_was_does_not(settings: KafkaSettings, name: str):
    await write(settings, name, range(50))
    for _ in range(2):
        async with Consumer(settings, group=name, topics=[name]) as consumer:
            assert numbers(await take(consumer, 50)) == list(range(50))
    async with Consumer(settings, group=name, topics=[name]) as consumer:
        await take(consumer, 50)
        await consumer.commit()
    await write(settings, name, range(50, 60))
    async with Consumer(settings, group=name, topics=[name]) as consumer:
        assert numbers(await take(consumer, 10)) == list(range(50, 60))


async def test_reading_can_go_on_elsewhere_and_begin_where_the_caller_says(settings: KafkaSettings, name: str):
    await write(settings, name, range(50))
    lasts: dict[tuple[str, int], int] = {}

    def from_the_last(places: Any) -> Mapping[tuple[str, int], int]:
        return {place: lasts[place] for place in places}

    async with Consumer(settings, group=name, topics=[name]) as consumer:
        records = await take(consumer, 50)
        lasts |= {place: offset - 1 for place, offset in consumer.offsets().items()}
        await consumer.seek(name, 0, 0)
        assert {record.partition for record in await take(consumer, 1)} == {0}
        with pytest.raises(KafkaFailure, match=r"nowhere\[0\] cannot be read at 5"):
            await consumer.seek("nowhere", 0, 5)
    async with Consumer(settings, group=f"{name}-2", topics=[name], on_assigned=from_the_last) as consumer:
        assert len(await take(consumer, 2)) == 2
    assert len(records) == 50


async def test_a_caller_that_gives_up_waiting_loses_no_record_and_commits_none_it_did_not_get(
    settings: KafkaSettings, name: str
):
    async with Consumer(settings, group=name, topics=[name]) as consumer:
        for _ in range(20):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await take(consumer, 1, max_wait_seconds=1.0)
            assert consumer.offsets() == {}
        writing = asyncio.create_task(write(settings, name, range(30)))
        records: list[Record] = []
        while len(records) < 30:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02), aclosing(consumer.batches(max_wait_seconds=0.5)) as batches:
                    async for batch in batches:
                        records += batch
        await writing
    assert numbers(records) == list(range(30))


async def test_the_lag_of_each_partition_is_measured_and_forgotten_with_it(settings: KafkaSettings, name: str):
    await write(settings, name, range(50))
    registry = CollectorRegistry()
    async with Consumer(settings, group=name, topics=[name], metrics=ConsumerMetrics(registry)) as consumer:
        first = await take(consumer, 10, max_records=10)
        lag = registry.get_sample_value(
            "kafka_consumer_lag_records", {"topic": name, "partition": str(first[0].partition)}
        )
        assert lag is not None
        assert lag > 0
    assert registry.get_sample_value("kafka_consumer_records_total", {"topic": name}) == 10
    assert not [sample for metric in registry.collect() for sample in metric.samples if "lag" in sample.name]


async def test_an_aborted_transaction_leaves_nothing_and_a_committed_one_everything_with_its_offsets(
    settings: KafkaSettings, name: str, kafka_broker: Broker
):
    out = f"{name}-out"
    kafka_broker.create_topics(out)
    await write(settings, name, range(20))
    for ends_well in (False, True):
        async with (
            Consumer(settings, group=name, topics=[name]) as consumer,
            Producer(settings, transactional_id=f"{name}-1") as producer,
        ):
            records = await take(consumer, 20)
            await producer.begin()
            await asyncio.gather(*(producer.send(out, record.key, record.value) for record in records))
            if ends_well:
                await producer.commit(consumer.offsets(), consumer.group_metadata())
            else:
                await producer.abort()
    await write(settings, name, range(20, 21))
    async with Consumer(settings, group=name, topics=[name]) as consumer:
        assert numbers(await take(consumer, 1)) == [20], "the offsets were committed with the transaction"
    async with Consumer(settings, group=f"{name}-out", topics=[out]) as consumer:
        assert numbers(await take(consumer, 20)) == list(range(20))


async def test_a_process_whose_transactional_id_was_taken_over_is_fenced_and_hangs_nowhere(
    settings: KafkaSettings, name: str
):
    async with Producer(settings, transactional_id=f"{name}-1") as old, asyncio.timeout(30):
        async with Producer(settings, transactional_id=f"{name}-1"):
            pass

        async def transact() -> None:
            await old.begin()
            await old.send(name, b"k", b"v")
            await old.commit()

        with pytest.raises(Fenced, match=f"another process has taken over {name}-1"):
            await transact()
        with pytest.raises(KafkaFailure):
            await old.send(name, b"k", b"v")


async def test_a_record_that_cannot_be_kept_is_told_with_the_reason(settings: KafkaSettings, name: str):
    impatient = {"delivery.timeout.ms": 2000, "topic.metadata.propagation.max.ms": 1000}
    async with Producer(settings, client_config_extra=impatient) as producer:
        with pytest.raises(KafkaFailure, match="MSG_SIZE_TOO_LARGE"):
            await producer.send(name, None, b"x" * 2_000_000)
        with pytest.raises(KafkaFailure, match=r"UNKNOWN_TOPIC|UNKNOWN_PARTITION|MSG_TIMED_OUT"):
            await producer.send(f"{name}-absent", None, b"x")
        assert (await producer.send(name, None, b"x")).topic == name


async def test_a_user_without_permission_is_told_so(kafka_broker: Broker, name: str):
    user = f"{name}-user"
    secured = KafkaSettings(
        bootstrap_servers=kafka_broker.bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_username=user,
        sasl_password=kafka_broker.create_user(user),
    )
    async with Producer(secured, client_config_extra={"enable.idempotence": False}) as producer:
        with pytest.raises(KafkaFailure, match="TOPIC_AUTHORIZATION_FAILED"):
            await producer.send(name, None, b"x")


async def test_partitions_can_be_read_directly_from_any_offset_to_their_end(settings: KafkaSettings, name: str):
    await write(settings, name, range(100))
    async with PartitionReader(settings, group=name) as reader:
        assert await reader.partitions([name, f"{name}-absent"]) == {name: [0, 1]}
        bounds = {place: await reader.bounds((name, place)) for place in range(2)}
        assert sum(high for _, high in bounds.values()) == 100
        await reader.assign({(name, 0): bounds[0][1] - 3, (name, 1): END})
        records: list[Record] = []
        ends: dict[tuple[str, int], int] = {}
        async with asyncio.timeout(30):
            while len(ends) < 2 or len(records) < 3:
                batch = await reader.read()
                records += batch.records
                ends |= batch.ends
    assert [record.offset for record in records] == list(range(bounds[0][1] - 3, bounds[0][1]))
    assert ends == {(name, place): bounds[place][1] for place in range(2)}


async def test_a_kafka_that_does_not_answer_is_told_by_the_reader():
    async with PartitionReader(KafkaSettings(bootstrap_servers="127.0.0.1:1"), group="none") as reader:
        with pytest.raises(KafkaFailure, match="kafka does not answer"):
            await reader.partitions(["a"])
