"""The transaction of a batch with a record that the client does not take; the client is a stand-in."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from prediction_consumer import stream as module
from prediction_consumer.messages import Outgoing, Poison, dead_letter
from prediction_consumer.stream import Aborted, KafkaStream
from servicekit.kafka_errors import KafkaFailure
from servicekit.records import Record

RECORD = Record("commodity-prices", 2, 41, b"WTI", b"x" * 999_000, {}, 1000)


class Client:
    """Refuses as librdkafka does what is above its limit, or as it is told."""

    def __init__(self, _config: dict[str, Any]) -> None:
        self.refusal: KafkaError | None = None
        self.calls: list[str] = []
        self.sent: list[bytes] = []

    def produce(self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> None:
        size = len(value) + len(key) + sum(len(name) + len(text) for name, text in headers)
        error = self.refusal or (KafkaError(KafkaError.MSG_SIZE_TOO_LARGE) if size > 1_000_000 else None)
        if error:
            raise KafkaException(error)
        self.sent.append(value)

    def __getattr__(self, name: str) -> Any:
        def call(*_arguments: object) -> None:
            self.calls.append(name)

        return call


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> KafkaStream:
    for kind in ("Consumer", "Producer"):
        monkeypatch.setattr(module, kind, Client)
    return KafkaStream(
        {}, group="g", topic="commodity-prices", transactional_id="t", max_records=5, transaction_seconds=5
    )


def test_the_dead_letter_of_the_largest_record_is_written(stream: KafkaStream):
    letter = dead_letter(Poison(RECORD, "unreadable", "not JSON"), "prediction-consumer.dead-letter")
    assert letter.headers["truncated"] == b"999000"
    assert letter.headers["hops"].startswith(b"prediction-consumer=")
    stream.commit([RECORD], [letter])
    assert [len(value) for value in stream._producer.sent] == [512 * 1024]


def test_a_record_that_can_never_be_sent_ends_the_process_instead_of_being_tried_for_ever(stream: KafkaStream):
    with pytest.raises(KafkaFailure, match=r"a record for ml-predictions can never be sent: .*MSG_SIZE_TOO_LARGE"):
        stream.commit([RECORD], [Outgoing("ml-predictions", b"WTI", b"x" * 2_000_000, {})])
    assert stream._producer.calls == ["begin_transaction", "abort_transaction"]


@pytest.mark.parametrize(
    "error",
    [KafkaError(KafkaError._STATE), KafkaError(KafkaError._TIMED_OUT, retriable=True)],
    ids=["failed transaction", "time-out"],
)
def test_a_record_that_only_the_next_transaction_takes_is_tried_again(stream: KafkaStream, error: KafkaError):
    stream._producer.refusal = error
    with pytest.raises(Aborted):
        stream.commit([RECORD], [Outgoing("ml-predictions", b"WTI", b"x", {})])
    stream._producer.refusal = None
    stream.commit([RECORD], [Outgoing("ml-predictions", b"WTI", b"x", {})])
    assert stream._producer.sent == [b"x"]


def test_a_transaction_without_an_answer_ends_the_process_and_is_not_taken_for_aborted(
    stream: KafkaStream, monkeypatch: pytest.MonkeyPatch
):
    def unanswered(*_arguments: object) -> None:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, retriable=True))

    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(stream._producer, "send_offsets_to_transaction", unanswered, raising=False)
    with pytest.raises(KafkaFailure, match="a transaction went without an answer"):
        stream.commit([RECORD], [Outgoing("ml-predictions", b"WTI", b"x", {})])
    assert "abort_transaction" not in stream._producer.calls
