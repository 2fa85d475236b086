"""Windows of one partition, case by case; the properties that hold for any stream are among the integration tests."""

from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import pytest
import stream_analytics
from stream_analytics.checkpoint import NEVER, Checkpoint
from stream_analytics.partition import Partition
from stream_analytics.windows import WindowSettings

from tests.support.window_reference import MICRO, Event
from tests.support.window_streams import SMALL, START, batch_of


def events_at(*seconds: float, price: int = 10_000) -> list[Event]:
    return [("WTI", START + round(at * MICRO), price) for at in seconds]


def test_an_event_is_late_by_its_distance_from_the_newest_and_told_once():
    partition = Partition(SMALL)
    outcome = partition.take(batch_of(events_at(0, 20, 11.9, 12)))
    assert (outcome.good, outcome.late, outcome.bad) == (3, 1, 0)
    assert outcome.refused == {2: "late: 8.1 s behind the newest event, allowed are 8 s"}
    again = Partition(SMALL, partition.checkpoint())
    assert again.take(batch_of(events_at(0, 20, 11.9, 12))).refused == {}


def test_quality_counts_what_came_twice_late_or_unreadable():
    partition = Partition(SMALL)
    partition.take(batch_of([*events_at(0, 1, 1, 9), ("WTI", NEVER, 0), *events_at(18, 2)]))
    partition.take(batch_of(events_at(40), offset=7))
    tumbling = {one.start: one for _, one in partition.close() if one.kind == "tumbling"}
    first = tumbling[START]
    assert (first.count, first.quality) == (3, 3 / 5), "0, 1 and 9 of 0, 1, 1, 9 and the unreadable one at 9"
    assert tumbling[START + 10 * MICRO].quality == 1 / 2, "the late one came when the newest was at 18"


def test_a_record_without_a_key_or_before_the_first_price_is_refused_and_in_no_window():
    partition = Partition(SMALL)
    outcome = partition.take(batch_of([("WTI", NEVER, 0), *events_at(0)]))
    assert (outcome.good, outcome.bad, outcome.refused) == (1, 1, {0: "unreadable"})
    partition.take(batch_of(events_at(50), offset=2))
    assert {one.quality for _, one in partition.close()} == {1.0}


def test_a_session_ends_after_its_gap_and_at_multiples_of_its_longest():
    partition = Partition(SMALL)
    start = 1_750_000_020
    assert start % 60 == 0
    base = (start - 1_750_000_000) - 60
    partition.take(batch_of(events_at(*(base + at for at in (50, 54, 58, 61, 66)))))
    partition.take(batch_of(events_at(base + 100), offset=5))
    sessions = [(one.start, one.end, one.count) for _, one in partition.close() if one.kind == "session"]
    zero = START + base * MICRO
    expected = [(50, 60, 3), (61, 66, 1), (66, 71, 1)]
    assert sessions == [(zero + a * MICRO, zero + b * MICRO, count) for a, b, count in expected]


def test_drift_is_the_distance_between_the_newest_part_and_the_rest():
    partition = Partition(SMALL)
    old = [("WTI", START + at * MICRO, 10_000 + at) for at in range(5)]
    new = [("WTI", START + (5 + at) * MICRO, 20_000 + at) for at in range(4)] + [("WTI", START + 9 * MICRO, 10_002)]
    partition.take(batch_of([*old, *new, ("WTI", START + 40 * MICRO, 1)]))
    tumbling = [one for _, one in partition.close() if one.kind == "tumbling"]
    # Below 10,002 lie two of five and none of five; up to 10,004 all five and one of five.
    assert [one.drift for one in tumbling] == [4 / 5]
    assert [one.drift for _, one in partition.close() if one.kind == "tumbling"] == []


def test_names_of_series_that_are_gone_are_forgotten():
    partition = Partition(SMALL)
    for round_ in range(5):
        events = [(f"S{round_}-{number}", START + round_ * 200 * MICRO, 1) for number in range(300)]
        partition.take(batch_of(events, offset=round_ * 300))
        windows = partition.close()
        assert {name for name, _ in windows} == {f"S{round_ - 1}-{number}" for number in range(300) if round_}
    assert len(partition._ids) <= 1600


def test_metadata_of_another_program_is_refused_with_the_fix():
    for text in (None, "", "consumed", "[]", '{"windows": "x", "next": -1, "front": 0, "emitted": 0}'):
        with pytest.raises(ValueError, match="another program uses its consumer group"):
            Checkpoint.read(7, text)


def test_the_metadata_of_the_most_pauses_fits_beside_an_offset():
    jumps = tuple((10**12 + at, START + at) for at in range(64))
    checkpoint = Checkpoint(offset=10**12, next=10**12, front=START, emitted=START, jumps=jumps)
    assert len(checkpoint.metadata("0123456789ab").encode()) < 4096, "offset.metadata.max.bytes of a broker"


def test_pauses_are_not_taken_over_once_they_would_not_fit():
    partition = Partition(SMALL)
    partition._jumps = [(at, START) for at in range(64)]
    partition.take(batch_of(events_at(0)))
    assert not partition.waits(3600 * MICRO)


def test_after_a_change_of_windows_only_whole_ones_are_given_out():
    checkpoint = Checkpoint(offset=3, next=9, front=START, emitted=START)
    assert checkpoint.for_other_windows(300).emitted == START + 300 * MICRO


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sliding_seconds": 100, "step_seconds": 60}, "must be a multiple of step_seconds"),
        ({"sliding_seconds": 3600, "step_seconds": 1}, "more than 60 times step_seconds"),
        ({"session_gap_seconds": 700}, "must be at most session_max_seconds"),
        ({"tumbling_seconds": 0}, "greater than or equal to 1"),
    ],
)
def test_windows_that_cannot_be_are_refused(wrong: dict[str, int], said: str):
    with pytest.raises(ValueError, match=said):
        WindowSettings(**wrong)


def test_sums_that_leave_64_bits_are_exact_all_the_same():
    top = 10**14 - 1
    events = [("WTI", START + at * 1000, top if at % 2 else -top) for at in range(200)]
    partition = Partition(SMALL)
    partition.take(batch_of([*events, *events_at(60)]))
    found = next(one for _, one in partition.close() if one.kind == "tumbling")
    assert found.mean == 0
    assert found.std == float(Fraction(top, 10_000))


def test_a_record_that_is_held_takes_as_many_bytes_as_the_readme_says():
    partition = Partition(SMALL)
    partition.take(batch_of(events_at(*range(100))))
    partition.close()
    held = partition._held
    assert 0 < len(held) <= 100
    assert sum(getattr(held, field.name).nbytes for field in fields(held)) / len(held) == 48
    assert "(48 bytes each" in (Path(stream_analytics.__file__).parent / "README.md").read_text()
