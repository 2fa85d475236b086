"""A record of Kafka as the services pass it around."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from confluent_kafka import TopicPartition

TopicOffsets = Mapping[tuple[str, int], int]
"""Offset by topic and partition: of the record that is to be read next."""


class Record(NamedTuple):
    """One record that was read.

    Attributes:
        topic: where it lay.
        partition: of the topic.
        offset: in the partition.
        key: its bytes, or None.
        value: its bytes; None marks the key as deleted.
        headers: by name; of a name that comes twice, the last.
        timestamp_ms: epoch milliseconds, by its writer's or broker's clock; -1 where unknown.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]
    timestamp_ms: int


def record_of(message: Any) -> Record:
    """A message of confluent-kafka as a record; a header without a value is empty."""
    headers = message.headers()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        {name: value or b"" for name, value in headers} if headers else {},
        message.timestamp()[1],
    )


def next_offsets(records: list[Record]) -> dict[tuple[str, int], int]:
    """The offsets to go on from once these records are done with."""
    offsets: dict[tuple[str, int], int] = {}
    for record in records:
        place = record.topic, record.partition
        offsets[place] = max(offsets.get(place, 0), record.offset + 1)
    return offsets


def partitions(offsets: TopicOffsets) -> list[TopicPartition]:
    """Offsets as confluent-kafka takes them."""
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
