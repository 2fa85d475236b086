"""Writing to Kafka without blocking the event loop: each record once, and in order."""

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException

from servicekit.kafka import KafkaSettings
from servicekit.kafka_errors import ErrorLog, KafkaFailure, error_of

_POLL_SECONDS = 0.1
_QUEUE_WAIT_SECONDS = 0.01


class Sent(NamedTuple):
    """Where a record was written."""

    topic: str
    partition: int
    offset: int


class Producer:
    """A writer: every record is acknowledged by all in-sync replicas, once, and in order of its partition."""

    def __init__(self, settings: KafkaSettings, *, client_config_extra: Mapping[str, Any] | None = None) -> None:
        """Write to a Kafka; opens no connection yet.

        Args:
            settings: the Kafka to write to.
            client_config_extra: keys of librdkafka that replace ours.
        """
        self._settings, self._extra = settings, dict(client_config_extra or {})
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()
        self._poller: threading.Thread | None = None
        self._done: deque[tuple[asyncio.Future[Sent], KafkaError | None, Sent | None]] = deque()
        self._settling = False
        self._waiting: set[asyncio.Future[Sent]] = set()
        self._fatal: KafkaError | None = None
        self._tell = ErrorLog("producer")

    async def __aenter__(self) -> Self:
        """Make the client, which connects by itself."""
        self._loop = asyncio.get_running_loop()
        config = {
            **self._settings.client_config(),
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            # Long enough to gather what comes at once, short beside the path of a price to its prediction.
            "linger.ms": 2,
            "delivery.timeout.ms": 30_000,
            "error_cb": self._tell,
            **self._extra,
        }
        self._client = confluent_kafka.Producer(config)
        self._poller = threading.Thread(target=self._poll, name="kafka-producer-poll", daemon=True)
        self._poller.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what was sent, 10 s at most."""
        await asyncio.shield(asyncio.to_thread(self._client.flush, 10.0))
        self._stop.set()
        if self._poller:
            await asyncio.shield(asyncio.to_thread(self._poller.join, 2.0))

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Mapping[str, bytes] | None = None
    ) -> Sent:
        """Write a record, and wait until it is kept.

        Many at a time go in one request: begin them together (``asyncio.gather``) or use :meth:`enqueue`.

        Raises:
            KafkaFailure: it was refused or not kept in time; says topic and reason.
        """
        while True:
            try:
                return await self.enqueue(topic, key, value, headers)
            except BufferError:
                await asyncio.sleep(_QUEUE_WAIT_SECONDS)

    def enqueue(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Mapping[str, bytes] | None = None
    ) -> asyncio.Future[Sent]:
        """Hand a record over; the future ends when it is kept.

        Raises:
            BufferError: too many wait already; try again in a moment.
            KafkaFailure: the record cannot be sent at all, for example since it is too large.
        """
        if self._loop is None:
            raise RuntimeError("use the producer with `async with`")
        if self._fatal is not None:
            raise _failure(self._fatal, f"a record for {topic} cannot be sent")
        future: asyncio.Future[Sent] = self._loop.create_future()

        def delivered(error: KafkaError | None, message: Any) -> None:
            sent = None if error else Sent(message.topic(), message.partition(), message.offset())
            self._done.append((future, error, sent))
            # One wake-up for all that is delivered until the loop looks; noted after the append, so that none is lost.
            if not self._settling and self._loop is not None and not self._loop.is_closed():
                self._settling = True
                self._loop.call_soon_threadsafe(self._settle)

        try:
            self._client.produce(
                topic, value=value, key=key, headers=list(headers.items()) if headers else None, on_delivery=delivered
            )
        except KafkaException as exception:
            raise _failure(error_of(exception), f"a record for {topic} cannot be sent") from exception
        self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)
        return future

    def _settle(self) -> None:
        self._settling = False
        while self._done:
            future, error, sent = self._done.popleft()
            if future.done():
                continue
            if sent is not None:
                future.set_result(sent)
            elif error is not None:
                self._refuse(future, error)

    def _refuse(self, future: asyncio.Future[Sent], error: KafkaError) -> None:
        future.set_exception(_failure(error, "a record was not kept"))
        # Whoever sent it may have gone on without waiting.
        future.exception()

    def _refuse_all(self, error: KafkaError) -> None:
        for future in [one for one in self._waiting if not one.done()]:
            self._refuse(future, error)

    def _poll(self) -> None:
        while not self._stop.is_set():
            try:
                self._client.poll(_POLL_SECONDS)
            except KafkaException as exception:
                # Fatal for the client: nothing it holds is delivered any more, so nobody may wait for it.
                self._fatal = error_of(exception)
                if self._loop is not None and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(self._refuse_all, self._fatal)
                return


def _failure(error: KafkaError, what: str) -> KafkaFailure:
    return KafkaFailure(f"{what}: {error.str()} ({error.name()})")
