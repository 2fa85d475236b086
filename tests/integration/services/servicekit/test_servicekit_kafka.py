"""servicekit's clients of Kafka before a real broker."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from servicekit.kafka import KafkaSettings
from servicekit.kafka_errors import KafkaFailure
from servicekit.producer import Producer
from servicekit.reader import END, PartitionReader
from servicekit.records import Record, record_of

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


async def test_what_is_written_lies_there_in_order_with_key_headers_and_time(
    settings: KafkaSettings, name: str, kafka_broker: Broker
):
    await write(settings, name, range(1000))
    records = [record_of(message) for message in kafka_broker.read(name)]
    assert sorted(int(record.value or b"") for record in records) == list(range(1000))
    for partition in range(2):
        mine = [record for record in records if record.partition == partition]
        assert [record.offset for record in mine] == list(range(len(mine)))
        for key in {record.key for record in mine}:
            sent = [int(record.value or b"") for record in mine if record.key == key]
            assert sent == sorted(sent)
    assert all(record.headers == {"n": record.value} and record.timestamp_ms > 0 for record in records)


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
