import asyncio
import itertools
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from price_feed.measures import Measures
from price_feed.publisher import NotKept
from price_feed.replay import Pace, Replay
from prometheus_client import CollectorRegistry
from servicekit.tracing import record_headers

from tests.support.spans import header_of, recorded_spans


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 5000), st.lists(st.floats(0.001, 0.4), min_size=1, max_size=60))
def test_at_an_even_pace_nothing_is_left_out_and_nothing_is_early(rate: float, steps: list[float]):
    pace, now, written = Pace(rate, catch_up_seconds=1.0, now=0.0), 0.0, 0
    for step in steps:
        now += step
        due, skipped = pace.due(now)
        written += due
        # The first record of a slow series may be more than a second away: it is due once, never left out.
        assert skipped == 0 or rate < 1
        assert written <= now * rate + 1e-6
    assert written >= now * rate - 1 - 1e-6


def test_after_a_hold_up_a_second_of_it_is_made_good_and_the_rest_is_left_out():
    pace = Pace(100, catch_up_seconds=1.0, now=0.0)
    assert pace.due(1.0) == (100, 0)
    assert pace.due(31.0) == (100, 2900)
    assert pace.due(31.5) == (50, 0)


def test_a_slow_series_is_slept_for_and_a_fast_one_is_written_a_tick_at_a_time():
    slow, fast = Pace(0.5, catch_up_seconds=1.0, now=10.0), Pace(5000, catch_up_seconds=1.0, now=10.0)
    assert slow.wait(10.0) == 2.0
    assert fast.wait(10.0) == 0.01


class Refusing:
    """Takes only every second record."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.offered = 0

    def offer(self, record: Any):
        self.offered += 1
        if self.offered % 2:
            raise NotKept("the brokers are away", 1.0)
        self.taken.append(record)


async def test_what_kafka_does_not_take_is_left_out_counted_and_does_not_end_the_replay():
    publisher, registry = Refusing(), CollectorRegistry()
    replay = Replay(
        lambda: (SimpleNamespace(topic="prices", number=number) for number in range(100000)),  # type: ignore[misc]
        publisher,  # type: ignore[arg-type]
        Measures(registry),
        rate=1000,
        catch_up_seconds=1.0,
        stopping=lambda: publisher.offered >= 20,
    )
    await asyncio.wait_for(replay.run(), 5)
    assert [record.number for record in publisher.taken] == list(range(1, publisher.offered, 2))
    assert registry.get_sample_value("replay_records_skipped_total") == publisher.offered - len(publisher.taken)


async def test_what_is_due_at_once_is_one_span_whose_trace_its_records_carry():
    traces: list[dict[str, bytes]] = []
    with recorded_spans() as spans:
        replay = Replay(
            lambda: itertools.repeat(SimpleNamespace(topic="prices")),  # type: ignore[arg-type]
            SimpleNamespace(offer=lambda _record: traces.append(record_headers())),  # type: ignore[arg-type]
            Measures(CollectorRegistry()),
            rate=1000,
            catch_up_seconds=1.0,
            stopping=lambda: len(traces) >= 20,
        )
        await asyncio.wait_for(replay.run(), 5)
    assert {each.name for each in spans.ended} == {"send prices"}
    counts = [(each.attributes or {})["messaging.batch.message_count"] for each in spans.ended]
    expected = [header_of(each) for each, count in zip(spans.ended, counts, strict=True) for _ in range(count)]
    assert [trace["traceparent"].decode() for trace in traces] == expected
