"""Reading from Kafka without blocking the event loop: batches from a thread of the consumer's own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from prometheus_client import CollectorRegistry, Counter, Gauge

from servicekit.kafka import KafkaSettings
from servicekit.kafka_errors import ErrorLog, KafkaFailure, error_of
from servicekit.logs import get_logger
from servicekit.records import Record, TopicOffsets, next_offsets, record_of

logger = get_logger(__name__)

Assigned = Callable[[Sequence[tuple[str, int]]], TopicOffsets | None]
Revoked = Callable[[Sequence[tuple[str, int]]], None]
T = TypeVar("T")

_LAG_SECONDS = 2.0


class ConsumerMetrics:
    """How far a service is behind, and how much it has read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics; once per registry."""
        self.records = Counter("kafka_consumer_records", "Records read.", ("topic",), registry=registry)
        self.lag = Gauge(
            "kafka_consumer_lag_records",
            "Records of a partition that were not handed out yet.",
            ("topic", "partition"),
            registry=registry,
        )

    def forget(self, place: tuple[str, int]) -> None:
        """A partition that another process reads now is no lag of this one."""
        self.lag.remove(place[0], str(place[1]))


class Consumer:
    """A member of a consumer group.

    Offsets are committed by the caller only, after its work is done: what was not committed comes again. Records of
    aborted transactions are left out. librdkafka reconnects by itself, with back-off and jitter, for as long as it
    takes; an outage is seen as batches that do not come.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        group: str,
        topics: Sequence[str],
        client_config_extra: Mapping[str, Any] | None = None,
        metrics: ConsumerMetrics | None = None,
        on_assigned: Assigned | None = None,
        on_revoked: Revoked | None = None,
    ) -> None:
        """Read ``topics`` as one of ``group``; opens no connection yet.

        Args:
            settings: the Kafka to read from.
            group: the consumer group.
            topics: what to read.
            client_config_extra: keys of librdkafka that replace ours.
            metrics: where lag and counts go.
            on_assigned: told the partitions that come to this member; may answer with offsets to begin at. It is
                called in the consumer's thread, so it only touches what is safe there.
            on_revoked: told the partitions that go, before another member gets them; in the consumer's thread too.
        """
        self._settings, self._group, self._topics = settings, group, list(topics)
        self._extra, self._metrics = dict(client_config_extra or {}), metrics
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        self._client: Any = None
        # One thread: confluent-kafka's consumer is not to be used by two at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-consumer")
        self._offsets: dict[tuple[str, int], int] = {}
        self._gone: set[tuple[str, int]] = set()
        self._reading: asyncio.Future[list[Record]] | None = None
        self._lag_at = 0.0
        self._tell = ErrorLog(f"consumer of {group}")

    async def __aenter__(self) -> Self:
        """Join the group."""
        await self._run(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the group at once, so that the others need not wait for a time-out."""
        try:
            # Shielded: a cancelled task must still leave its group.
            await asyncio.shield(self._run(self._client.close))
        finally:
            self._thread.shutdown(wait=False)

    async def batches(
        self, max_records: int = 500, max_wait_seconds: float = 0.05, *, empty: bool = False
    ) -> AsyncIterator[list[Record]]:
        """Records as they come, in order within a partition; ends never.

        A batch is what has arrived when the caller asks for the next one: a caller in arrears gets large batches, one
        that keeps up gets each record at once.

        Args:
            max_records: in one batch.
            max_wait_seconds: for the first record of a batch.
            empty: whether a wait without a record is handed out too, as an empty batch, for work that depends on time.

        Raises:
            KafkaFailure: Kafka refused for good.
        """
        while True:
            if self._reading is None:
                self._reading = asyncio.ensure_future(self._run(self._read, max_records, max_wait_seconds))
            # Shielded: what a caller that was cancelled did not get, the next one does.
            records = await asyncio.shield(self._reading)
            self._reading = None
            self._offsets |= next_offsets(records)
            self._measure(records)
            if records or empty:
                yield records

    async def commit(self, offsets: TopicOffsets | None = None) -> None:
        """Keep the offsets in the group; of all that was handed out where none are given.

        Raises:
            KafkaFailure: the group did not take them, for example since another member has the partition now.
        """
        wanted = dict(self._offsets if offsets is None else offsets)
        if wanted:
            await self._run(self._commit, wanted)

    async def seek(self, topic: str, partition: int, offset: int) -> None:
        """Go on reading an assigned partition at another offset.

        Raises:
            KafkaFailure: the partition is not assigned to this member.
        """
        if self._reading is not None:
            # Left by a caller that was cancelled: of this partition it holds what comes before the seek.
            left = [
                one for one in await asyncio.shield(self._reading) if (one.topic, one.partition) != (topic, partition)
            ]
            self._reading = asyncio.get_running_loop().create_future()
            self._reading.set_result(left)
        await self._run(self._seek, TopicPartition(topic, partition, offset))

    def group_metadata(self) -> Any:
        """Who this member is, for a producer that commits the offsets in its transaction."""
        return self._client.consumer_group_metadata()

    def offsets(self) -> dict[tuple[str, int], int]:
        """The next offset of each partition that records were handed out of."""
        return dict(self._offsets)

    async def _run(self, call: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    def _open(self) -> None:
        config = {
            **self._settings.client_config(),
            "group.id": self._group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            # The broker answers as soon as there is one byte; 0.1 s is the longest it holds an empty answer back.
            "fetch.wait.max.ms": 100,
            "error_cb": self._tell,
            **self._extra,
        }
        self._client = confluent_kafka.Consumer(config)
        self._client.subscribe(self._topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def _read(self, most: int, wait: float) -> list[Record]:
        self._gone.clear()
        first = self._client.poll(wait)
        if first is None:
            return []
        messages = [first]
        if most > 1:
            messages += self._client.consume(most - 1, 0)
        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(record_of(message))
            else:
                self._failed(error)
        # Of a partition that went away during this very look, another member has the records now.
        return [one for one in records if (one.topic, one.partition) not in self._gone] if self._gone else records

    def _failed(self, error: KafkaError) -> None:
        if error.fatal():
            raise KafkaFailure(f"the consumer of {self._group} cannot go on: {error.str()}")
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's own codes begin with an underscore
            self._tell(error)

    def _commit(self, offsets: TopicOffsets) -> None:
        try:
            self._client.commit(offsets=partitions(offsets), asynchronous=False)
        except KafkaException as exception:
            raise KafkaFailure(f"offsets of {self._group} were not kept: {error_of(exception).str()}") from exception

    def _seek(self, place: TopicPartition) -> None:
        try:
            self._client.seek(place)
        except KafkaException as exception:
            reason = error_of(exception).str()
            raise KafkaFailure(f"{place.topic}[{place.partition}] cannot be read at {place.offset}: {reason}") from None
        self._offsets[place.topic, place.partition] = place.offset

    def _assigned(self, client: Any, assigned: list[TopicPartition]) -> None:
        places = [(one.topic, one.partition) for one in assigned]
        logger.info("partitions assigned", group=self._group, partitions=len(places))
        starts = (self._on_assigned(places) if self._on_assigned else None) or {}
        for one in assigned:
            one.offset = starts.get((one.topic, one.partition), one.offset)
        client.assign(assigned)

    def _revoked(self, client: Any, revoked: list[TopicPartition]) -> None:
        del client
        places = [(one.topic, one.partition) for one in revoked]
        logger.info("partitions revoked", group=self._group, partitions=len(places))
        if self._on_revoked:
            self._on_revoked(places)
        self._gone.update(places)
        for place in places:
            if self._offsets.pop(place, None) is not None and self._metrics:
                self._metrics.forget(place)

    def _lost(self, client: Any, lost: list[TopicPartition]) -> None:
        self._revoked(client, lost)

    def _measure(self, records: Sequence[Record]) -> None:
        if self._metrics is None:
            return
        for record in records:
            self._metrics.records.labels(record.topic).inc()
        if not self._offsets or time.monotonic() < self._lag_at:
            return
        self._lag_at = time.monotonic() + _LAG_SECONDS
        for (topic, partition), offset in self._offsets.items():
            _, high = self._client.get_watermark_offsets(TopicPartition(topic, partition), cached=True)
            self._metrics.lag.labels(topic, str(partition)).set(max(high - offset, 0))


def partitions(offsets: TopicOffsets) -> list[TopicPartition]:
    """Offsets as confluent-kafka takes them."""
    return [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
