"""Streams of prices for tests of windows: in and out of order, and what comes out of them."""

from __future__ import annotations

import itertools
import random

import numpy as np
from stream_analytics.checkpoint import NEVER
from stream_analytics.partition import Batch, Partition
from stream_analytics.statistics import Window
from stream_analytics.windows import WindowSettings

from tests.support.window_reference import MICRO, Event

START = 1_750_000_000 * MICRO
SMALL = WindowSettings(
    tumbling_seconds=10,
    sliding_seconds=30,
    step_seconds=10,
    session_gap_seconds=5,
    session_max_seconds=60,
    lateness_seconds=8,
)


def batch_of(events: list[Event], offset: int = 0) -> Batch:
    """A batch as it is read from Kafka; a time of NEVER stands for a record that cannot be read."""
    return Batch(
        offset=np.arange(offset, offset + len(events), dtype=np.int64),
        key=[series for series, _, _ in events],
        time=np.array([time for _, time, _ in events], dtype=np.int64),
        value=np.array([price for _, _, price in events], dtype=np.int64),
        bad={row: "unreadable" for row, (_, time, _) in enumerate(events) if time == NEVER},
    )


def figures(windows: list[tuple[str, Window]]) -> dict[tuple[str, str, int, int], tuple[float | None, ...]]:
    """Windows by kind, series, start and end; each at most once."""
    found: dict[tuple[str, str, int, int], tuple[float | None, ...]] = {}
    for series, one in windows:
        key = one.kind, series, one.start, one.end
        assert key not in found, f"{key} was given out twice"
        found[key] = (one.count, one.mean, one.std, one.p50, one.p95, one.trend, one.drift)
    return found


def shuffled(events: list[Event], lateness_seconds: float, seed: int) -> list[Event]:
    """A permutation in which no event comes more than the lateness behind the newest."""
    chance = random.Random(seed)
    return sorted(events, key=lambda event: event[1] + chance.uniform(0, lateness_seconds * MICRO))


def run(partition: Partition, events: list[Event], cuts: list[int], offset: int = 0) -> list[tuple[str, Window]]:
    """What is given out for events that come in batches, cut at these places."""
    windows: list[tuple[str, Window]] = []
    edges = sorted({0, *(cut for cut in cuts if cut < len(events)), len(events)})
    for begin, end in itertools.pairwise(edges):
        partition.take(batch_of(events[begin:end], offset + begin))
        windows += partition.close()
    return windows
