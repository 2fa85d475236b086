"""Prices onto Kafka through a bounded buffer, which says no early when the brokers are away."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from servicekit import hops
from servicekit.kafka_errors import KafkaFailure
from servicekit.producer import Sent
from servicekit.tracing import record_headers

from price_feed import SERVICE
from price_feed.measures import Measures


class KafkaRecord(Protocol):
    """A record of the catalog: it knows its topic and its key."""

    @property
    def topic(self) -> str:
        """Where it belongs."""
        ...

    @property
    def key(self) -> bytes:
        """Its key."""
        ...

    def to_bytes(self) -> bytes:
        """Its value."""
        ...


class Writer(Protocol):
    """The part of servicekit's producer that is used here."""

    def enqueue(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Mapping[str, bytes] | None = None
    ) -> asyncio.Future[Sent]:
        """Hand a record over."""
        ...


class NotKept(Exception):  # noqa: N818 - what became of a record
    """A record was not written to Kafka.

    Attributes:
        retry_after: seconds after which it is worth to try again.
    """

    def __init__(self, reason: str, retry_after: float) -> None:
        """Say why."""
        super().__init__(reason)
        self.retry_after = retry_after


class Publisher:
    """Hands records to the producer as long as what waits there is few and young.

    A record is refused at once when `buffer` of them wait, or when the oldest waits longer than `stall_seconds`: the
    brokers do not take records then, and whoever sends one would only wait as well. The waiting ones are still
    written when the brokers come back in time, and with the first of them the way is free again. Once one was given
    up, the next are tried one at a time until one is written.
    """

    def __init__(
        self,
        writer: Writer,
        measures: Measures,
        *,
        buffer: int,
        stall_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write by ``writer``; at most ``buffer`` records wait for an acknowledgement."""
        self._writer, self._measures = writer, measures
        self._buffer, self._stall_seconds, self._clock = buffer, stall_seconds, clock
        # In the order in which they were handed over: the first is the oldest.
        self._waiting: dict[asyncio.Future[Sent], float] = {}
        self._gave_up = ""

    @property
    def waiting(self) -> int:
        """Records handed over and not yet acknowledged."""
        return len(self._waiting)

    @property
    def stalled_seconds(self) -> float:
        """For how long the oldest waits beyond what is usual; 0 when all is well."""
        oldest = next(iter(self._waiting.values()), None)
        waited = 0.0 if oldest is None else self._clock() - oldest
        return waited if waited > self._stall_seconds else 0.0

    async def ready(self) -> None:
        """Return when records are taken.

        Raises:
            NotKept: they are not.
        """
        self._refuse_early()

    async def publish(self, record: KafkaRecord) -> Sent:
        """Write a record of the span being worked on, and wait until all in-sync replicas have it.

        Raises:
            NotKept: it is not on Kafka; where the brokers were lost on the way it may be there all the same.
        """
        future = self.offer(record)
        try:
            # Shielded: a caller who goes away does not take back what was handed over.
            return await asyncio.shield(future)
        except KafkaFailure as error:
            raise NotKept(str(error), self._stall_seconds) from error

    def offer(self, record: KafkaRecord) -> asyncio.Future[Sent]:
        """Hand a record of the span being worked on over without waiting.

        Raises:
            NotKept: there is no room, or the brokers are away.
        """
        self._refuse_early()
        headers = hops.append(record_headers(), SERVICE)
        try:
            future = self._writer.enqueue(record.topic, record.key, record.to_bytes(), headers)
        except (BufferError, KafkaFailure) as error:
            self._measures.refused(record.topic)
            raise NotKept(f"Kafka takes no records: {error}", self._stall_seconds) from error
        self._waiting[future] = self._clock()
        future.add_done_callback(lambda done: self._done(done, record.topic))
        return future

    def _refuse_early(self) -> None:
        if len(self._waiting) >= self._buffer:
            raise NotKept(f"{len(self._waiting)} records wait for Kafka; there is room for {self._buffer}", 1.0)
        if self.stalled_seconds:
            message = f"Kafka has acknowledged nothing for {self.stalled_seconds:.0f} s"
            raise NotKept(message, self._stall_seconds)
        if self._gave_up and self._waiting:
            raise NotKept(f"Kafka is tried again with one record; the last: {self._gave_up}", self._stall_seconds)

    def _done(self, future: asyncio.Future[Sent], topic: str) -> None:
        begun = self._waiting.pop(future, None)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._gave_up = str(error)
            self._measures.refused(topic)
        elif begun is not None and not future.cancelled():
            self._gave_up = ""
            self._measures.written(topic, self._clock() - begun)
