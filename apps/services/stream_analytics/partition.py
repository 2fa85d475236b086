"""State of one partition: which events wait for their windows, how far the watermark is, and where a restart begins."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from stream_analytics.checkpoint import NEVER, Checkpoint
from stream_analytics.events import BAD, GOOD, LATE, Events, Ints
from stream_analytics.statistics import Window, summarize
from stream_analytics.windows import MICROSECONDS, WindowSettings, closed, oldest_needed

_MOST_JUMPS = 64
"""Kafka keeps 4,096 bytes beside a committed offset (offset.metadata.max.bytes); a jump takes about forty of them."""


_FEW_NAMES = 1000


@dataclass(frozen=True)
class Batch:
    """Records of one partition in the order of their offsets.

    Attributes:
        offset: their offsets.
        key: their keys; None where there is none that can be read.
        time: event times in microseconds; NEVER of a record that cannot be read.
        value: prices in units of 1/SCALE; 0 of a record that cannot be read.
        bad: why a record cannot be read, by its row.
    """

    offset: Ints
    key: list[str | None]
    time: Ints
    value: Ints
    bad: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: numbers of records that were new, and those for the dead letters by row."""

    good: int
    late: int
    bad: int
    refused: dict[int, str]


class Partition:
    """A deterministic machine: the same records from the same checkpoint give the same windows."""

    def __init__(self, settings: WindowSettings, checkpoint: Checkpoint | None = None) -> None:
        """Begin at a checkpoint; records from its offset on must come again, in their order."""
        self._settings = settings
        self._lateness = settings.lateness
        self._tick = MICROSECONDS * math.gcd(
            settings.tumbling_seconds,
            settings.step_seconds,
            settings.session_gap_seconds,
            settings.session_max_seconds,
        )
        start = checkpoint or Checkpoint(offset=0, next=0, front=NEVER, emitted=NEVER)
        self._resumed_at = start.next
        self._next = start.next
        self._front = start.front
        self._emitted = start.emitted
        self._jumps = list(start.jumps)
        self._held = Events.none()
        self._oldest: tuple[int, int] | None = None
        self._arrived: list[Events] = []
        self._ids: dict[str, int] = {}
        self._base = start.front

    @property
    def next_offset(self) -> int:
        """The offset behind the last record taken in."""
        return self._next

    @property
    def watermark(self) -> int | None:
        """Event time in microseconds before which nothing is accepted; None before the first record."""
        return None if self._front == NEVER else self._front - self._lateness

    def take(self, batch: Batch) -> Outcome:
        """Take in records; those of a replay are judged as they were the first time, and told to nobody."""
        count = len(batch.offset)
        before = self._fronts(batch)
        late = (batch.time != NEVER) & (before != NEVER) & (batch.time < before - self._lateness)
        kind = np.where(batch.time == NEVER, BAD, np.where(late, LATE, GOOD))
        ids = self._ids
        series = np.fromiter(
            (-1 if key is None else ids.setdefault(key, len(ids)) for key in batch.key), dtype=np.int64, count=count
        )
        events = Events(
            series=series,
            time=np.where(kind == GOOD, batch.time, before),
            value=batch.value,
            offset=batch.offset,
            front=before,
            kind=kind,
        )
        # A record without a series or a time belongs to no window; it is a dead letter all the same.
        self._arrived.append(events.where((series >= 0) & (events.time != NEVER)))
        fresh = batch.offset >= self._resumed_at
        refused = {row: why for row, why in batch.bad.items() if fresh[row]}
        for row in np.flatnonzero(late & fresh).tolist():
            behind = (before[row] - batch.time[row]) / MICROSECONDS
            refused[row] = (
                f"late: {behind:g} s behind the newest event, allowed are {self._settings.lateness_seconds:g} s"
            )
        self._next = max(self._next, int(batch.offset[-1]) + 1)
        numbers = np.bincount(kind[fresh], minlength=3).tolist()
        return Outcome(good=numbers[GOOD], late=numbers[LATE], bad=numbers[BAD], refused=refused)

    def close(self) -> list[tuple[str, Window]]:
        """The windows that have become final since the last call, each with the name of its series."""
        until = self._final_until(self._front)
        if until <= self._emitted:
            return []
        held = Events.joined([self._held, *self._arrived]).in_order()
        names = list(self._ids)
        windows = [
            (names[window.series], window)
            for windowed in closed(held, self._settings, self._emitted, until)
            for window in summarize(windowed)
        ]
        self._arrived = []
        self._emitted = until
        self._held = held.where(held.time >= oldest_needed(self._settings, until))
        self._oldest = self._held.oldest()
        self._forget_names()
        return windows

    def waits(self, elapsed: int) -> bool:
        """Whether windows would become final if event time went on by the clock.

        Args:
            elapsed: microseconds since the last record was taken in.
        """
        if self._base == NEVER or not (len(self._held) or self._arrived) or len(self._jumps) >= _MOST_JUMPS:
            return False
        return self._final_until(self._base + elapsed) > max(self._emitted, self._final_until(self._front))

    def pass_time(self, elapsed: int) -> None:
        """Let event time go on by the clock; the next checkpoint knows of it, so that a restart judges alike."""
        self._front = self._base + elapsed
        self._jumps = [jump for jump in self._jumps if jump[0] != self._next] + [(self._next, self._front)]

    def checkpoint(self) -> Checkpoint:
        """Where a restart begins so that it ends up in the state of now."""
        oldest = self._oldest
        if oldest is None:
            # What has arrived since windows were closed is in the order of offsets, unlike what is held.
            first = next((part for part in self._arrived if len(part)), None)
            if first is None:
                return Checkpoint(offset=self._next, next=self._next, front=self._front, emitted=self._emitted)
            oldest = int(first.offset[0]), int(first.front[0])
        offset, front = oldest
        self._jumps = [jump for jump in self._jumps if jump[0] > offset]
        return Checkpoint(offset=offset, next=self._next, front=front, emitted=self._emitted, jumps=tuple(self._jumps))

    def _fronts(self, batch: Batch) -> Ints:
        """For each record the largest event time that the partition had seen before it."""
        seen = np.concatenate([[self._front], batch.time])
        for offset, front in self._jumps:
            row = int(np.searchsorted(batch.offset, offset))
            if row < len(batch.offset):
                seen[row] = max(int(seen[row]), front)
        seen = np.maximum.accumulate(seen)
        self._front = self._base = int(seen[-1])
        before: Ints = seen[:-1]
        return before

    def _final_until(self, front: int) -> int:
        """The watermark in whole ticks: windows are looked for only when it passes the next one."""
        return NEVER if front == NEVER else (front - self._lateness) // self._tick * self._tick

    def _forget_names(self) -> None:
        """Drop the names of series that hold nothing, once they are many."""
        if len(self._ids) <= _FEW_NAMES:
            return
        alive = np.unique(self._held.series)
        if len(self._ids) <= 2 * len(alive):
            return
        names = list(self._ids)
        self._ids = {names[old]: new for new, old in enumerate(alive.tolist())}
        held = self._held
        series = np.searchsorted(alive, held.series)
        self._held = Events(series, held.time, held.value, held.offset, held.front, held.kind)
