import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest
from prediction_consumer.measures import Measures
from prediction_consumer.pipeline import Pipeline
from prediction_consumer.predictor import Outcome, Unavailable
from prediction_consumer.stream import Aborted
from prometheus_client import CollectorRegistry
from servicekit.kafka_errors import Fenced
from servicekit.records import Record
from servicekit.retry import Backoff
from servicekit.tracing import request_headers

from tests.support.spans import header_of, recorded_spans


def record(offset: int) -> Record:
    return Record("commodity-prices", 0, offset, b"WTI", b"{}", {}, 1)


class FakeStream:
    """Hands out batches; fails to commit as it is told; ends the loop after the last batch."""

    joined = True

    def __init__(self, *batches: list[Record]) -> None:
        self.batches = list(batches)
        self.commits: list[list[Record]] = []
        self.fail: list[Exception] = []
        self.held: list[float] = []
        self.ours = True
        self.closed = self.stopped = False

    def open(self) -> None:
        self.threads = {threading.current_thread()}

    def next(self) -> list[Record]:
        if not self.batches:
            self.stopped = True
            return []
        return self.batches.pop(0)

    def hold(self, seconds: float) -> bool:
        self.held.append(seconds)
        return self.ours

    def commit(self, records: Sequence[Record], made: Sequence[object]) -> None:
        if self.fail:
            raise self.fail.pop(0)
        self.commits.append(list(records))

    def lag(self) -> dict[int, int]:
        self.threads.add(threading.current_thread())
        return {0: 7}

    def close(self) -> None:
        self.threads.add(threading.current_thread())
        self.closed = True


class FakePredictor:
    def __init__(self) -> None:
        self.asked = 0
        self.fail: list[Exception] = []
        self.during: Callable[[], None] = lambda: None

    async def predict(self, records: Sequence[Record]):
        self.asked += 1
        self.during()
        if self.fail:
            raise self.fail.pop(0)
        return Outcome([], len(records), 0, {"unreadable": 1})


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def pipeline(stream: FakeStream, predictor: FakePredictor, registry: CollectorRegistry) -> Pipeline:
    return Pipeline(
        stream,
        predictor,  # type: ignore[arg-type]
        Measures(registry),
        backoff=Backoff(0.2, 1.0),
        stopping=lambda: stream.stopped,
    )


async def test_batches_are_committed_in_order_and_measured(registry: CollectorRegistry):
    stream = FakeStream([record(0), record(1)], [], [record(2)])
    await pipeline(stream, FakePredictor(), registry).run()
    assert stream.commits == [[record(0), record(1)], [record(2)]]
    assert stream.closed
    assert registry.get_sample_value("predictions_written_total") == 3
    assert registry.get_sample_value("dead_letters_written_total", {"kind": "unreadable"}) == 2
    assert registry.get_sample_value("consumer_lag_records", {"partition": "0"}) == 7
    assert registry.get_sample_value("prediction_latency_seconds_count") == 3


async def test_the_client_of_kafka_is_used_by_one_thread_of_its_own(registry: CollectorRegistry):
    stream = FakeStream([record(0)])
    await pipeline(stream, FakePredictor(), registry).run()
    assert len(stream.threads) == 1
    assert threading.current_thread() not in stream.threads


async def test_a_batch_waits_with_back_off_until_a_service_is_there_again(registry: CollectorRegistry):
    stream, predictor = FakeStream([record(0)]), FakePredictor()
    predictor.fail = [Unavailable("model-server", "away"), Unavailable("model-server", "away", 4.0)]
    await pipeline(stream, predictor, registry).run()
    assert stream.commits == [[record(0)]]
    assert 0.1 <= stream.held[0] <= 0.2
    assert stream.held[1] == 4.0
    assert registry.get_sample_value("batches_held_up_total", {"service": "model-server"}) == 2


async def test_an_aborted_transaction_is_written_again_without_asking_again(registry: CollectorRegistry):
    stream, predictor = FakeStream([record(0)]), FakePredictor()
    stream.fail = [Aborted("coordinator away"), Aborted("coordinator away")]
    await pipeline(stream, predictor, registry).run()
    assert (stream.commits, predictor.asked) == ([[record(0)]], 1)
    assert registry.get_sample_value("batches_held_up_total", {"service": "kafka"}) == 2


async def test_a_batch_whose_partitions_went_to_another_process_is_dropped(registry: CollectorRegistry):
    stream, predictor = FakeStream([record(0)], [record(1)]), FakePredictor()
    predictor.fail = [Unavailable("feature-server", "away")]
    stream.ours = False
    await pipeline(stream, predictor, registry).run()
    assert stream.commits == [[record(1)]]


async def test_a_stop_while_waiting_leaves_the_batch_to_the_next_process(registry: CollectorRegistry):
    stream, predictor = FakeStream([record(0)]), FakePredictor()
    predictor.fail = [Unavailable("feature-server", "away")]

    def stop() -> None:
        stream.stopped = True

    predictor.during = stop
    await pipeline(stream, predictor, registry).run()
    assert (stream.commits, stream.closed) == ([], True)


async def test_readiness_says_what_holds_the_batch_up(registry: CollectorRegistry):
    stream, predictor = FakeStream([record(0)]), FakePredictor()
    predictor.fail = [Unavailable("model-server", "no answer within 2 s")]
    loop = pipeline(stream, predictor, registry)
    told: list[str] = []

    def look(seconds: float) -> bool:
        try:
            asyncio.run(loop.ready())
        except RuntimeError as error:
            told.append(str(error))
        return True

    stream.hold = look  # type: ignore[method-assign]
    await loop.run()
    assert told == ["paused for 0 s: model-server: no answer within 2 s"]
    await loop.ready()


async def test_it_is_not_ready_before_the_group_has_handed_out_partitions(registry: CollectorRegistry):
    stream = FakeStream()
    stream.joined = False
    with pytest.raises(RuntimeError, match="waiting for the consumer group"):
        await pipeline(stream, FakePredictor(), registry).ready()


async def test_who_is_fenced_ends_and_says_so(registry: CollectorRegistry):
    stream = FakeStream([record(0)])
    stream.fail = [Fenced("another process has taken over")]
    loop = pipeline(stream, FakePredictor(), registry)
    with pytest.raises(Fenced):
        await loop.run()
    assert stream.closed
    assert isinstance(loop.failure, Fenced)
    with pytest.raises(RuntimeError, match="the loop has ended: another process"):
        await loop.ready()


async def test_a_batch_is_a_span_however_often_it_is_tried_and_calls_and_the_transaction_belong_to_it(
    registry: CollectorRegistry,
):
    maker = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    made = [record(0)._replace(headers={"traceparent": maker.encode()}), record(1)]
    stream, predictor = FakeStream(made), FakePredictor()
    stream.fail = [Aborted("coordinator away")]
    calls: list[str] = []
    predictor.during = lambda: calls.append(request_headers()["traceparent"])
    with recorded_spans() as spans:
        await pipeline(stream, predictor, registry).run()
    *sent, batch = spans.ended
    assert (batch.name, [each.name for each in sent]) == ("process commodity-prices", ["send", "send"])
    assert [each.parent for each in sent] == [batch.get_span_context()] * 2
    assert calls == [header_of(batch)]
    assert [(attributes := each.attributes or {}) and attributes.get("error.type") for each in sent] == [
        "Aborted",
        None,
    ]
    assert [f"{link.context.trace_id:032x}" for link in batch.links] == [maker[3:35]]
