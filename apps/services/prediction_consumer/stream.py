"""Kafka as this service uses it: batches in, and what is made of them out, in one transaction with the offsets."""

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from servicekit.kafka_errors import ErrorLog, Fenced, KafkaFailure, error_of, is_fenced
from servicekit.logs import get_logger
from servicekit.records import Record, next_offsets, partitions, record_of
from servicekit.unanswered import answered_within

from prediction_consumer.messages import Outgoing

logger = get_logger(__name__)

CALL_SECONDS = 5.0
"""How long one call to the transaction coordinator may take before it is made again."""

ANSWER_SECONDS = 10.0
"""How long a transaction is tried to be ended. A broker that came back may never answer to what was begun before: a new
start is sure, and takes two or three seconds."""


class Aborted(Exception):  # noqa: N818 - an outcome
    """A transaction was not committed, and nothing of it can be read."""


class Stream(Protocol):
    """What the pipeline needs of Kafka. All calls come from one thread."""

    def open(self) -> None:
        """Join the consumer group and end what a former process left open."""
        ...

    def next(self) -> list[Record]:
        """Records to work on, none when there are none for now."""
        ...

    def hold(self, seconds: float) -> bool:
        """Stay in the group while a batch waits; False when the batch is no longer ours."""
        ...

    def commit(self, records: Sequence[Record], made: Sequence[Outgoing]) -> None:
        """Write all of ``made`` and the offsets of ``records``, or nothing and raise ``Aborted``."""
        ...

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        ...

    def lag(self) -> dict[int, int]:
        """Records not read yet by partition."""
        ...

    @property
    def joined(self) -> bool:
        """Whether the group gave us our share of the partitions."""
        ...


class KafkaStream:
    """Exactly-once processing by Kafka transactions.

    A transaction is open only while results are written, some milliseconds: what others read of the topic is held up
    by an open one. Between batches everything this object knows can be lost: the offsets are the only state.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        group: str,
        topic: str,
        transactional_id: str,
        max_records: int,
        transaction_seconds: float,
        session_seconds: float = 10.0,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Hold the settings; connects to nothing.

        Args:
            config: of any client of librdkafka: servers and login.
            group: consumer group.
            topic: to read.
            transactional_id: of this process; a second process with the same one fences the first.
            max_records: in a batch.
            transaction_seconds: after which the broker ends a transaction that its process left open.
            session_seconds: after which the group gives the partitions of a process that died to others.
            stopping: whether the process was asked to stop; waits end then.
        """
        self._topic, self._max_records, self._stopping = topic, max_records, stopping
        self._id, self._transaction_seconds = transactional_id, transaction_seconds
        self._tell = ErrorLog(transactional_id)
        # What matters comes by the callback; the library's own log has dozens of lines a second while a broker is away.
        config = {**config, "log_level": 2, "error_cb": self._tell}
        self._consumer = Consumer(
            {
                **config,
                "group.id": group,
                "client.id": transactional_id,
                "session.timeout.ms": int(session_seconds * 1000),
                "heartbeat.interval.ms": int(session_seconds * 200),
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 100,
                # Of records read ahead; a batch is far smaller.
                "queued.max.messages.kbytes": 8192,
            }
        )
        self._producer = Producer(
            {
                **config,
                "transactional.id": transactional_id,
                "transaction.timeout.ms": int(transaction_seconds * 1000),
                "linger.ms": 0,
                "compression.type": "lz4",
            }
        )
        self._generation = 0
        self._joined = False
        self._ahead: list[Message] = []

    @property
    def joined(self) -> bool:
        """Whether the group gave us our share of the partitions, which may be none."""
        return self._joined

    def open(self) -> None:
        """Join the group; waits for a broker until asked to stop.

        Raises:
            KafkaFailure: the broker refuses this client for good.
        """
        try:
            self._again(lambda: self._producer.init_transactions(CALL_SECONDS))
        except KafkaException as error:
            if self._stopping():
                return
            raise KafkaFailure(f"Kafka refuses the transactional id {self._id}: {error_of(error).str()}") from error
        self._consumer.subscribe(
            [self._topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def next(self) -> list[Record]:
        """The next records, at most a batch, as soon as there is one; an empty list after 0.1 s without.

        Raises:
            KafkaFailure: the client cannot go on.
        """
        generation = self._generation
        messages, self._ahead = self._ahead, []
        while len(messages) < self._max_records:
            message = self._consumer.poll(0 if messages else 0.1)
            if self._generation != generation:
                # What was read before belonged to a share that is no longer ours; whoever has it now reads it again.
                generation, messages = self._generation, []
            if message is None:
                break
            if self._is_record(message):
                messages.append(message)
        return [record_of(message) for message in messages]

    def hold(self, seconds: float) -> bool:
        """Wait without leaving the group; reads nothing meanwhile.

        Returns:
            Whether the batch in hand is still ours.
        """
        generation = self._generation
        share = self._consumer.assignment()
        with contextlib.suppress(KafkaException):
            self._consumer.pause(share)
        until = time.monotonic() + seconds
        while self._generation == generation and not self._stopping() and time.monotonic() < until:
            message = self._consumer.poll(min(0.1, max(0.0, until - time.monotonic())))
            if message is not None and self._is_record(message):
                if self._generation != generation:
                    self._ahead = []
                self._ahead.append(message)
        with contextlib.suppress(KafkaException):
            self._consumer.resume(self._consumer.assignment())
        return self._generation == generation

    def commit(self, records: Sequence[Record], made: Sequence[Outgoing]) -> None:
        """Write results and offsets in one transaction.

        Raises:
            Aborted: nothing was written; it may be tried again as long as the batch is ours.
            KafkaFailure: another process took our place, the client cannot go on, or a record can never be sent.
        """
        try:
            self._producer.begin_transaction()
            for one in made:
                self._produce(one)
            self._end(partitions(next_offsets(list(records))))
        except KafkaException as exception:
            self._abort()
            raise Aborted(error_of(exception).str()) from exception

    def close(self) -> None:
        """Leave the group."""
        with contextlib.suppress(KafkaException, RuntimeError):
            self._consumer.close()

    def lag(self) -> dict[int, int]:
        """Records not read yet by partition of our share, as of the last answer of the broker."""
        lags = {}
        with contextlib.suppress(KafkaException):
            share = self._consumer.assignment()
            for place in self._consumer.position(share):
                _, end = self._consumer.get_watermark_offsets(place, cached=True)
                if place.offset >= 0 and end >= 0:
                    lags[place.partition] = max(0, end - place.offset)
        return lags

    def _produce(self, one: Outgoing) -> None:
        headers: list[tuple[str, str | bytes | None]] = list(one.headers.items())
        while True:
            try:
                self._producer.produce(one.topic, value=one.value, key=one.key, headers=headers)
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as exception:
                error = error_of(exception)
                self._raise_if_ended(error)
                # The transaction failed meanwhile, so that it takes no records: the next one will.
                if error.retriable() or error.code() == KafkaError._STATE:  # noqa: SLF001 - librdkafka's own name
                    raise
                self._abort()
                told = f"a record for {one.topic} can never be sent: {error.str()} ({error.name()})"
                raise KafkaFailure(told) from exception
            else:
                return

    def _end(self, offsets: list[TopicPartition]) -> None:
        group = self._consumer.consumer_group_metadata()
        seconds = min(self._transaction_seconds, ANSWER_SECONDS)
        until = time.monotonic() + seconds
        try:
            with answered_within(seconds + CALL_SECONDS, "send_offsets_to_transaction"):
                self._again(lambda: self._producer.send_offsets_to_transaction(offsets, group, CALL_SECONDS), until)
            self._again(lambda: self._producer.commit_transaction(CALL_SECONDS), until)
        except KafkaException as exception:
            error = error_of(exception)
            unanswered = error.retriable() or error.code() == KafkaError._TIMED_OUT  # noqa: SLF001 - as above
            if self._stopping() or not unanswered:
                raise
            # The library aborts only what it knows to be begun, and of answers that it missed it does not know. What
            # the broker still holds open would hide all that is written later; the next start ends it for certain.
            raise KafkaFailure(f"a transaction went without an answer: {error.str()}") from exception

    def _abort(self) -> None:
        try:
            until = time.monotonic() + self._transaction_seconds
            self._again(lambda: self._producer.abort_transaction(CALL_SECONDS), until)
        except KafkaException as error:
            if self._stopping():
                return  # the broker ends it when its time is over
            raise KafkaFailure(f"a transaction could not be aborted: {error_of(error).str()}") from error

    def _again(self, call: Callable[[], object], until: float = math.inf) -> None:
        """Make a call until it is neither refused for now nor timed out; at most ``until``, by the monotonic clock."""
        while True:
            try:
                call()
            except KafkaException as exception:
                error = error_of(exception)
                self._raise_if_ended(error)
                # A transaction that is lost is refused again and again in words that sound as if it were not.
                over = error.txn_requires_abort() or time.monotonic() > until or self._stopping()
                if over or not error.retriable():
                    raise
                self._tell(error)
                time.sleep(0.1)
            else:
                return

    def _raise_if_ended(self, error: KafkaError) -> None:
        if is_fenced(error):
            raise Fenced(f"another process has taken over {self._id}: {error.str()}")
        if error.fatal():
            raise KafkaFailure(f"the client of {self._id} cannot go on: {error.str()}")

    def _is_record(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        self._raise_if_ended(error)
        self._tell(error)
        return False

    def _assigned(self, consumer: Consumer, share: list[TopicPartition]) -> None:
        consumer.assign(share)
        # A partition that went away while it was paused comes back paused.
        consumer.resume(share)
        self._generation += 1
        self._joined = True
        self._ahead = []
        logger.info("partitions assigned", partitions=sorted(place.partition for place in share))

    def _revoked(self, _consumer: Consumer, share: list[TopicPartition]) -> None:
        self._generation += 1
        self._ahead = []
        logger.info("partitions revoked", partitions=sorted(place.partition for place in share))
