"""From records to windows: a thread that reads, keeps the partitions' state, and writes what has become final."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition
from opentelemetry.trace import Span
from servicekit import hops
from servicekit.dead_letters import dead_letter_of
from servicekit.kafka_errors import ErrorLog, Fenced, KafkaFailure, TransactionAborted
from servicekit.kafka_spans import processing, sending
from servicekit.logs import get_logger
from servicekit.records import record_of as record_read
from servicekit.tracing import HEADER, record_headers

from stream_analytics import SERVICE
from stream_analytics.checkpoint import Checkpoint
from stream_analytics.metrics import StreamMetrics
from stream_analytics.partition import Partition
from stream_analytics.records import record_of
from stream_analytics.settings import StreamAnalyticsSettings
from stream_analytics.sources import SOURCES
from stream_analytics.writer import Outgoing, Writer

logger = get_logger(__name__)

Place = tuple[str, int]
"""Topic and number of a partition."""

_WAIT_SECONDS = 0.05
_ASK_SECONDS = 5.0


class Pipeline:
    """Reads the topics of the settings as one member of the consumer group."""

    def __init__(self, settings: StreamAnalyticsSettings, metrics: StreamMetrics) -> None:
        """Prepare; opens no connection yet."""
        self._settings, self._metrics = settings, metrics
        self._consumer: Any = None
        self._partitions: dict[Place, Partition] = {}
        self._ended: dict[Place, int] = {}
        self._heard: dict[Place, float] = {}
        self._outgoing: list[Outgoing] = []
        self._stop = threading.Event()
        self._tell = ErrorLog("consumer")
        self._committed_at = 0.0
        self._progress: list[tuple[Any, ...]] = []
        self._fatal: KafkaError | None = None
        self.joined = threading.Event()

    def stop(self) -> None:
        """End after the batch at hand; what is final is given out first."""
        self._stop.set()

    def run(self) -> None:
        """Read and write until told to stop.

        Raises:
            KafkaFailure: it cannot go on; the process is to be started again.
        """
        try:
            writer = Writer(self._settings)
            self._consumer = self._open()
            try:
                while not self._stop.is_set():
                    self._step(writer)
                    if self._fatal is not None:
                        raise self._failure(self._fatal)
                self._emit(writer, time.monotonic(), force=True)
            finally:
                self._consumer.close()
        except KafkaException as exception:
            raise KafkaFailure(str(exception)) from exception

    def _open(self) -> Any:
        member = f"{self._settings.group}-{self._settings.pod_name}"
        consumer = confluent_kafka.Consumer(
            {
                **self._settings.kafka.client_config(),
                "group.id": self._settings.group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                # Also makes it wait for the end of a transaction that commits offsets for these partitions.
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "session.timeout.ms": round(self._settings.session_seconds * 1000),
                "heartbeat.interval.ms": round(self._settings.session_seconds * 300),
                "fetch.wait.max.ms": 50,
                "queued.min.messages": 50_000,
                "error_cb": self._heard_error,
                **({"group.instance.id": member} if self._settings.static_member else {}),
            }
        )
        topics = [f"{self._settings.topic_prefix}{topic}" for topic in sorted(self._settings.windows_by_topic)]
        consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked)
        return consumer

    def _step(self, writer: Writer) -> None:
        messages = self._consumer.consume(self._settings.batch_records, timeout=_WAIT_SECONDS)
        came = time.monotonic()
        self._take(messages, came)
        self._pass_time(came)
        self._emit(writer, came)

    def _take(self, messages: Sequence[Any], came: float) -> None:
        by_place: dict[Place, list[Any]] = defaultdict(list)
        for message in messages:
            error = message.error()
            if error is None:
                by_place[message.topic(), message.partition()].append(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's own name for it
                self._ended[message.topic(), message.partition()] = message.offset()
            else:
                self._heard_error(error)
        if by_place:
            with self._processing(by_place):
                self._take_in(by_place, came)

    def _processing(self, by_place: Mapping[Place, Sequence[Any]]) -> AbstractContextManager[Span]:
        """The batch as a span; the headers of a few records are read for it, and only where spans are sent."""
        headers = (record_read(message).headers for messages in by_place.values() for message in messages)
        count = sum(map(len, by_place.values()))
        return processing({topic for topic, _ in by_place}, count, headers, group=self._settings.group)

    def _take_in(self, by_place: Mapping[Place, Sequence[Any]], came: float) -> None:
        for place, records in by_place.items():
            partition = self._partitions.get(place)
            if partition is None:
                continue
            source = SOURCES[self._source(place[0])]
            outcome = partition.take(source.batch(records, self._settings.ahead_seconds))
            self._heard[place] = came
            for name, number in (("good", outcome.good), ("late", outcome.late), ("bad", outcome.bad)):
                if number:
                    self._metrics.records.labels(place[0], name).inc(number)
            for row, reason in outcome.refused.items():
                self._outgoing.append(self._dead_letter(records[row], reason))

    def _heard_error(self, error: KafkaError) -> None:
        self._tell(error)
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - librdkafka's own name for it
            self._fatal = error

    def _failure(self, error: KafkaError) -> KafkaFailure:
        message = f"the consumer group {self._settings.group} has shut this process out: {error.str()}"
        if self._settings.static_member:
            return Fenced(f"{message}; another process has the same STREAM_ANALYTICS_POD_NAME")
        return KafkaFailure(message)

    def _source(self, topic: str) -> str:
        return topic.removeprefix(self._settings.topic_prefix)

    def _dead_letter(self, message: Any, reason: str) -> Outgoing:
        return Outgoing(self._settings.dead_letter_topic, *dead_letter_of(record_read(message), reason))

    def _pass_time(self, now: float) -> None:
        for place, partition in self._partitions.items():
            idle = now - self._heard[place]
            if idle < self._settings.idle_seconds or self._ended.get(place, -1) < partition.next_offset:
                continue
            elapsed = int(idle * 1e6)
            if partition.waits(elapsed) and self._is_at_end(place):
                partition.pass_time(elapsed)

    def _is_at_end(self, place: Place) -> bool:
        """Whether the broker confirms that there is nothing more: silence alone may be an outage."""
        try:
            _, end = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=1.0)
        except KafkaException as exception:
            self._tell(exception.args[0])
            # Asked again later: every question that is not answered costs a second.
            self._heard[place] += _ASK_SECONDS
            return False
        return bool(end <= self._ended[place])

    def _emit(self, writer: Writer, came: float, *, force: bool = False) -> None:
        now = time.monotonic()
        since = now - self._committed_at
        if since < self._settings.emit_seconds and not force:
            return
        for (topic, _), partition in self._partitions.items():
            for series, window in partition.close():
                self._count(topic, window.kind, window.quality, window.drift)
                self._outgoing.append(
                    Outgoing(
                        self._settings.output_topic,
                        series.encode(),
                        record_of(series, window),
                        hops.append({}, SERVICE),
                    )
                )
        if not self._outgoing and since < self._settings.commit_seconds and not force:
            return
        self._commit(writer)
        self._metrics.commit.observe(time.monotonic() - came)

    def _commit(self, writer: Writer) -> None:
        offsets = []
        for (topic, number), partition in self._partitions.items():
            checkpoint = partition.checkpoint()
            metadata = checkpoint.metadata(self._settings.fingerprint(self._source(topic)))
            offsets.append(TopicPartition(topic, number, checkpoint.offset, metadata))
        outgoing, self._outgoing = self._outgoing, []
        self._committed_at = time.monotonic()
        progress = [(place.topic, place.partition, place.offset, place.metadata) for place in offsets]
        if not offsets or (not outgoing and progress == self._progress):
            return
        self._progress = progress
        try:
            with sending({one.topic for one in outgoing}, len(outgoing), makes=True):
                writer.commit(_traced(outgoing), offsets, self._consumer.consumer_group_metadata())
        except TransactionAborted as error:
            logger.warning("a transaction was given up; its input is read again", reason=str(error))
            self._metrics.aborted.inc()
            self._assigned(self._consumer, self._consumer.assignment())
        self._gauge()

    def _count(self, topic: str, kind: str, quality: float, drift: float | None) -> None:
        self._metrics.windows.labels(topic, kind).inc()
        if drift is not None and drift >= self._settings.drift_limit:
            self._metrics.drifted.labels(topic, kind).inc()
        if quality < 1:
            self._metrics.repeated.labels(topic, kind).inc()

    def _gauge(self) -> None:
        self._metrics.partitions.set(len(self._partitions))
        for topic in {topic for topic, _ in self._partitions}:
            here = [(place, state) for place, state in self._partitions.items() if place[0] == topic]
            marks = [state.watermark for _, state in here if state.watermark is not None]
            if marks:
                self._metrics.watermark.labels(topic).set(min(marks) / 1e6)
            ends = [(self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True), s) for place, s in here]
            self._metrics.lag.labels(topic).set(sum(max(0, end[1] - s.next_offset) for end, s in ends if end))

    def _assigned(self, consumer: Any, assignment: list[TopicPartition]) -> None:
        """Begin where the last transaction of each partition says."""
        self._partitions, self._ended, self._outgoing, self._progress = {}, {}, [], []
        committed = consumer.committed(assignment, timeout=30.0) if assignment else []
        for place in committed:
            checkpoint = self._checkpoint(place)
            place.offset = checkpoint.offset if checkpoint else OFFSET_BEGINNING
            windows = self._settings.windows_by_topic[self._source(place.topic)]
            self._partitions[place.topic, place.partition] = Partition(windows, checkpoint)
            self._heard[place.topic, place.partition] = time.monotonic()
        consumer.assign([TopicPartition(place.topic, place.partition, place.offset) for place in committed])
        self.joined.set()
        self._metrics.partitions.set(len(self._partitions))
        logger.info("partitions assigned", partitions=[f"{place.topic}/{place.partition}" for place in committed])

    def _checkpoint(self, committed: TopicPartition) -> Checkpoint | None:
        if committed.error:
            raise KafkaException(committed.error)
        if committed.offset < 0:
            return None
        try:
            checkpoint, fingerprint = Checkpoint.read(committed.offset, committed.metadata)
        except ValueError as error:
            raise KafkaFailure(f"{committed.topic}/{committed.partition}: {error}") from error
        if fingerprint == self._settings.fingerprint(self._source(committed.topic)):
            return checkpoint
        windows = self._settings.windows_by_topic[self._source(committed.topic)]
        logger.warning("the windows of a topic have changed: some are left out", topic=committed.topic)
        longest = max(windows.tumbling_seconds, windows.sliding_seconds, windows.session_max_seconds)
        return checkpoint.for_other_windows(longest)

    def _revoked(self, _consumer: Any, _assignment: list[TopicPartition]) -> None:
        """Forget: whoever has the partitions next begins at what was committed."""
        self._partitions, self._ended, self._outgoing = {}, {}, []


def _traced(outgoing: Sequence[Outgoing]) -> list[Outgoing]:
    """Windows carry the trace of the batch that wrote them, dead letters that of the record they were."""
    trace = record_headers()
    return [one if HEADER in one.headers else replace(one, headers={**trace, **one.headers}) for one in outgoing]
