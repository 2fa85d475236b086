"""Windows, dead letters and progress in one transaction: all of it is there, or none."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaException, TopicPartition
from servicekit.kafka_errors import ErrorLog, Fenced, KafkaFailure, TransactionAborted, error_of, is_fenced
from servicekit.unanswered import answered_within

from stream_analytics.settings import StreamAnalyticsSettings

_TIMEOUT_SECONDS = 10.0
_TRIES = 5


@dataclass(frozen=True)
class Outgoing:
    """One record to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


class Writer:
    """The transactional producer of one process."""

    def __init__(self, settings: StreamAnalyticsSettings) -> None:
        """Take over the transactional id; what an earlier process of this name left open is aborted.

        Raises:
            KafkaFailure: Kafka does not answer, or does not allow it.
        """
        self._id = f"{settings.group}-{settings.pod_name}"
        self._producer = confluent_kafka.Producer(
            {
                **settings.kafka.client_config(),
                "transactional.id": self._id,
                # What a dead process left open holds up those who read what is committed; no batch takes this long.
                "transaction.timeout.ms": 10_000,
                "compression.type": "lz4",
                "linger.ms": 2,
                "queue.buffering.max.messages": 500_000,
                "error_cb": ErrorLog("producer"),
            }
        )
        self._attempt("the transactional id cannot be taken over", self._producer.init_transactions, 30.0)

    def commit(self, records: Sequence[Outgoing], offsets: Sequence[TopicPartition], group: Any) -> None:
        """Write records and the progress that they belong to.

        Raises:
            TransactionAborted: nothing of it was written; begin again at what is committed.
            Fenced: another process has the transactional id.
            KafkaFailure: Kafka refuses.
        """
        self._attempt("a transaction cannot begin", self._producer.begin_transaction)
        try:
            for record in records:
                self._produce(record)
            with answered_within(2 * _TIMEOUT_SECONDS, "send_offsets_to_transaction"):
                self._attempt(
                    "progress cannot be committed",
                    self._producer.send_offsets_to_transaction,
                    list(offsets),
                    group,
                    _TIMEOUT_SECONDS,
                )
            self._attempt("a transaction cannot be committed", self._producer.commit_transaction, _TIMEOUT_SECONDS)
        except TransactionAborted:
            self._attempt("a transaction cannot be aborted", self._producer.abort_transaction, _TIMEOUT_SECONDS)
            raise

    def _produce(self, record: Outgoing) -> None:
        while True:
            try:
                self._producer.produce(record.topic, record.value, record.key, headers=dict(record.headers))
            except BufferError:
                self._producer.poll(0.05)
            except KafkaException as error:
                raise self._told(f"a record for {record.topic} cannot be sent", error) from error
            else:
                return

    def _attempt(self, what: str, call: Any, *arguments: Any) -> None:
        """Call until it is done: Kafka says of each failure whether the same call may be made again."""
        for attempt in range(_TRIES):
            try:
                call(*arguments)
            except KafkaException as exception:
                error = error_of(exception)
                if not error.retriable() or error.txn_requires_abort() or attempt == _TRIES - 1:
                    raise self._told(what, exception) from exception
                time.sleep(0.1 * 2**attempt)
            else:
                return

    def _told(self, what: str, exception: KafkaException) -> Exception:
        error = error_of(exception)
        message = f"{what}: {error.str()} (transactional id {self._id})"
        if is_fenced(error):
            return Fenced(f"{message}; another process has the same STREAM_ANALYTICS_POD_NAME")
        return TransactionAborted(message) if error.txn_requires_abort() else KafkaFailure(message)
