"""What the stream gives is, to the last bit, what a batch over the whole history gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_analytics.checkpoint import Checkpoint
from stream_analytics.partition import Partition

from tests.support.window_reference import MICRO, Event, windows_of
from tests.support.window_streams import SMALL, START, figures, run, shuffled

pytestmark = pytest.mark.parametrize("examples", [60, pytest.param(3000, marks=pytest.mark.soak)])

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["WTI", "BRENT"]),
        st.integers(0, 70 * MICRO).map(lambda time: START + time),
        st.one_of(st.integers(-50_000, 900_000), st.sampled_from([-(10**14) + 1, 10**14 - 1])),
    ),
    min_size=1,
    max_size=60,
)


def test_any_order_within_the_lateness_gives_what_a_batch_gives(examples: int):
    @settings(max_examples=examples, deadline=None, database=None)
    @given(events=EVENTS, seed=st.integers(0, 1000), cuts=st.lists(st.integers(1, 39), max_size=4))
    def holds(events: list[Event], seed: int, cuts: list[int]) -> None:
        partition = Partition(SMALL)
        found = figures(run(partition, shuffled(events, 8, seed), cuts))
        assert partition.watermark is not None
        tick = 5 * MICRO
        assert found == windows_of(events, SMALL, until=partition.watermark // tick * tick)

    holds()


def test_a_restart_at_any_moment_loses_no_window_and_gives_none_twice(examples: int):
    @settings(max_examples=examples, deadline=None, database=None)
    @given(
        events=EVENTS,
        seed=st.integers(0, 1000),
        crash=st.integers(1, 39),
        cuts=st.lists(st.integers(1, 39), max_size=3),
    )
    def holds(events: list[Event], seed: int, crash: int, cuts: list[int]) -> None:
        # Not only within the lateness: what was late before a restart must be late when it is read again.
        events = shuffled(events, 30, seed)
        whole = Partition(SMALL)
        expected = figures(run(whole, events, [*cuts, crash]))
        first = Partition(SMALL)
        before = run(first, events[:crash], cuts)
        text = first.checkpoint().metadata("of these windows")
        checkpoint, _ = Checkpoint.read(first.checkpoint().offset, text)
        second = Partition(SMALL, checkpoint)
        after = run(second, events[checkpoint.offset :], [3, 11], offset=checkpoint.offset)
        assert figures(before + after) == expected
        assert second.checkpoint() == whole.checkpoint()

    holds()


def test_time_that_passed_without_a_record_is_remembered_by_a_restart(examples: int):
    @settings(max_examples=examples, deadline=None, database=None)
    @given(events=EVENTS, seed=st.integers(0, 1000), pause=st.integers(1, 60), crash=st.integers(1, 39))
    def holds(events: list[Event], seed: int, pause: int, crash: int) -> None:
        events = shuffled(events, 30, seed)
        crash = min(crash, len(events))

        def until_after_the_pause(partition: Partition) -> list:
            windows = run(partition, events[:crash], [2])
            if partition.waits(pause * MICRO):
                partition.pass_time(pause * MICRO)
                windows += partition.close()
            return windows

        whole = Partition(SMALL)
        expected = until_after_the_pause(whole)
        checkpoint = whole.checkpoint()
        before = list(expected)
        expected += run(whole, events[crash:], [], offset=crash)
        second = Partition(SMALL, checkpoint)
        after = run(second, events[checkpoint.offset :], [2], offset=checkpoint.offset)
        assert figures(before + after) == figures(expected)
        assert second.checkpoint() == whole.checkpoint()

    holds()
