"""Reading partitions of Kafka directly: from where the reader says, for itself alone, as a member of no group."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from servicekit.kafka import KafkaSettings
from servicekit.kafka_errors import ErrorLog, KafkaFailure, error_of
from servicekit.records import Record, TopicOffsets, partitions, record_of

T = TypeVar("T")

END: int = confluent_kafka.OFFSET_END
"""In place of an offset: only what comes from now on."""

_ANSWER_SECONDS = 2.0


class Batch(NamedTuple):
    """What one look brought.

    Attributes:
        records: in order within a partition.
        ends: for each partition that was read to its end, the offset of the record that will come next.
    """

    records: list[Record]
    ends: dict[tuple[str, int], int]


class PartitionReader:
    """Reads the partitions that it is told; commits nothing. Records of aborted transactions are left out."""

    def __init__(
        self, settings: KafkaSettings, *, group: str, client_config_extra: Mapping[str, Any] | None = None
    ) -> None:
        """Read from a Kafka; opens no connection yet.

        Args:
            settings: the Kafka to read from.
            group: a group that the Kafka user may use; librdkafka wants a name, and never joins it here.
            client_config_extra: keys of librdkafka that replace ours.
        """
        self._settings, self._group, self._extra = settings, group, dict(client_config_extra or {})
        self._client: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-reader")
        self._tell = ErrorLog(f"reader of {group}")

    async def __aenter__(self) -> Self:
        """Make the client; it connects when it has something to ask."""
        config = {
            **self._settings.client_config(),
            "group.id": self._group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 100,
            "error_cb": self._tell,
            **self._extra,
        }
        self._client = await self._run(lambda: confluent_kafka.Consumer(config))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        try:
            await asyncio.shield(self._run(self._client.close))
        finally:
            self._thread.shutdown(wait=False)

    async def partitions(self, topics: Iterable[str]) -> dict[str, list[int]]:
        """The partitions of those topics that exist and may be read.

        Raises:
            KafkaFailure: Kafka did not answer within 2 s.
        """
        known = (await self._ask(lambda: self._client.list_topics(timeout=_ANSWER_SECONDS))).topics
        return {
            topic: sorted(known[topic].partitions) for topic in topics if topic in known and known[topic].error is None
        }

    async def bounds(self, place: tuple[str, int]) -> tuple[int, int]:
        """The first offset that is still kept, and the one that will be written next.

        Raises:
            KafkaFailure: Kafka did not answer within 2 s.
        """
        asked = TopicPartition(*place)
        found = await self._ask(lambda: self._client.get_watermark_offsets(asked, timeout=_ANSWER_SECONDS))
        if found is None:
            raise KafkaFailure(f"{place[0]}[{place[1]}]: its offsets are not known")
        low, high = found
        return int(low), int(high)

    async def assign(self, offsets: TopicOffsets) -> None:
        """Read these partitions from these offsets on, and no others."""
        await self._ask(lambda: self._client.assign(partitions(offsets)))

    async def read(self, max_records: int = 500, max_wait_seconds: float = 0.1) -> Batch:
        """What has come since the last look; waits for the first of it.

        Raises:
            KafkaFailure: Kafka refused for good.
        """
        return await self._ask(lambda: self._read(max_records, max_wait_seconds))

    def _read(self, most: int, wait: float) -> Batch:
        first = self._client.poll(wait)
        if first is None:
            return Batch([], {})
        batch = Batch([], {})
        for message in [first, *(self._client.consume(most - 1, 0) if most > 1 else [])]:
            error = message.error()
            if error is None:
                batch.records.append(record_of(message))
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's own codes begin so
                batch.ends[message.topic(), message.partition()] = message.offset()
            elif error.fatal():
                raise KafkaFailure(f"the reader of {self._group} cannot go on: {error.str()}")
            else:
                self._tell(error)
        return batch

    async def _ask(self, call: Callable[[], T]) -> T:
        try:
            return await self._run(call)
        except KafkaException as exception:
            raise KafkaFailure(f"kafka does not answer: {error_of(exception).str()}") from exception

    async def _run(self, call: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)
