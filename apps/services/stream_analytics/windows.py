"""Which windows an event belongs to: tumbling, sliding and session windows in event time.

Windows are half-open, ``[start, end)``, and aligned to 1970. A session ends after a pause of the session's gap; it
never crosses a multiple of its longest length, so that the state which a restart needs stays bounded by time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from stream_analytics.events import GOOD, Events, Flags, Ints

MICROSECONDS = 1_000_000


class WindowSettings(BaseModel):
    """The windows of one topic, in seconds of event time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tumbling_seconds: int = Field(default=60, ge=1, le=86_400, description="Length of a tumbling window.")
    sliding_seconds: int = Field(default=300, ge=1, le=86_400, description="Length of a sliding window.")
    step_seconds: int = Field(default=60, ge=1, le=86_400, description="Seconds between two sliding windows.")
    session_gap_seconds: int = Field(default=30, ge=1, le=86_400, description="Pause that ends a session.")
    session_max_seconds: int = Field(default=600, ge=1, le=86_400, description="A session is cut at its multiples.")
    lateness_seconds: float = Field(
        default=5.0, ge=0, le=3600, description="How far behind the newest event one may be and still count."
    )

    @model_validator(mode="after")
    def _must_fit(self) -> Self:
        if self.sliding_seconds % self.step_seconds:
            raise ValueError(
                f"sliding_seconds ({self.sliding_seconds}) must be a multiple of step_seconds ({self.step_seconds})"
            )
        if self.sliding_seconds // self.step_seconds > 60:
            raise ValueError(
                f"sliding_seconds ({self.sliding_seconds}) is more than 60 times step_seconds ({self.step_seconds}): "
                "every event would be counted that often; make the step longer"
            )
        if self.session_gap_seconds > self.session_max_seconds:
            raise ValueError(
                f"session_gap_seconds ({self.session_gap_seconds}) must be at most session_max_seconds "
                f"({self.session_max_seconds})"
            )
        return self

    @property
    def lateness(self) -> int:
        """Allowed lateness in microseconds."""
        return round(self.lateness_seconds * MICROSECONDS)


@dataclass(frozen=True)
class Windowed:
    """Events put into windows; an event stands here once for each window that it is in.

    Those of one window of one series stand together, in the order of time and value, the prices among them first where
    both are equal.

    Attributes:
        kind: `tumbling`, `sliding` or `session`.
        seconds: length of the window; of a session, its gap.
        events: the events.
        start: start of each event's window in microseconds.
        end: its end.
        recent: whether the event is in the newest part of its window, which drift compares with what came before.
    """

    kind: str
    seconds: int
    events: Events
    start: Ints
    end: Ints
    recent: Flags


def closed(events: Events, settings: WindowSettings, after: int, until: int) -> list[Windowed]:
    """The windows that become final when the watermark moves.

    Args:
        events: what is still held, by series, time and value (`Events.in_order`).
        settings: the topic's windows.
        after: watermark up to which windows were given out before, in microseconds.
        until: watermark now; no event before it will be accepted any more.
    """
    return [
        _tumbling(events, settings, after, until),
        _sliding(events, settings, after, until),
        _sessions(events, settings, after, until),
    ]


def oldest_needed(settings: WindowSettings, watermark: int) -> int:
    """Event time before which every window is final at a watermark, all in microseconds."""
    size, length, step, longest = _micro(
        settings.tumbling_seconds, settings.sliding_seconds, settings.step_seconds, settings.session_max_seconds
    )
    sliding = (watermark // step + 1) * step - length
    return min(watermark // size * size, sliding, watermark // longest * longest)


@dataclass(frozen=True)
class Sessions:
    """The session of each good event: their index, and their session's start, last event and end."""

    index: Ints
    start: Ints
    last: Ints
    end: Ints

    def where(self, mask: Flags) -> Sessions:
        """The events that a mask selects."""
        return Sessions(self.index[mask], self.start[mask], self.last[mask], self.end[mask])


def sessions_of(events: Events, settings: WindowSettings) -> Sessions:
    """Sessions among the good events, given by series and time.

    One is final at a watermark of its end, since nothing can prolong it then.
    """
    gap, longest = _micro(settings.session_gap_seconds, settings.session_max_seconds)
    index = np.flatnonzero(events.kind == GOOD)
    if not len(index):
        return Sessions(index, index, index, index)
    series, time = events.series[index], events.time[index]
    block = time // longest
    begins = np.ones(len(index), dtype=bool)
    begins[1:] = (series[1:] != series[:-1]) | (block[1:] != block[:-1]) | (time[1:] - time[:-1] >= gap)
    firsts = np.flatnonzero(begins)
    lasts = np.append(firsts[1:], len(index)) - 1
    which = np.cumsum(begins) - 1
    end = np.minimum(time[lasts] + gap, (block[lasts] + 1) * longest)
    return Sessions(index, time[firsts][which], time[lasts][which], end[which])


def _tumbling(events: Events, settings: WindowSettings, after: int, until: int) -> Windowed:
    (size,) = _micro(settings.tumbling_seconds)
    # Only what can be in such a window is looked at closely: most of what is held waits for longer windows.
    events = events.where((events.time >= after - size) & (events.time < until))
    start = events.time // size * size
    mask = (start + size > after) & (start + size <= until)
    chosen, start = events.where(mask), start[mask]
    return Windowed(
        "tumbling", settings.tumbling_seconds, chosen, start, start + size, chosen.time >= start + size // 2
    )


def _sliding(events: Events, settings: WindowSettings, after: int, until: int) -> Windowed:
    length, step = _micro(settings.sliding_seconds, settings.step_seconds)
    if after // step == until // step:
        return Windowed("sliding", settings.sliding_seconds, Events.none(), *_NOTHING)
    events = events.where((events.time >= after - length) & (events.time < until))
    firsts = np.unique(events.time // step + 1) * step
    ends = np.unique((firsts[:, None] + np.arange(length // step) * step).ravel())
    index, repeated = [], []
    for end in ends[(ends > after) & (ends <= until)].tolist():
        rows = np.flatnonzero((events.time >= end - length) & (events.time < end))
        index.append(rows)
        repeated.append(np.full(len(rows), end))
    if not index:
        return Windowed("sliding", settings.sliding_seconds, Events.none(), *_NOTHING)
    chosen, end_of = events.where(np.concatenate(index)), np.concatenate(repeated)
    return Windowed("sliding", settings.sliding_seconds, chosen, end_of - length, end_of, chosen.time >= end_of - step)


def _sessions(events: Events, settings: WindowSettings, after: int, until: int) -> Windowed:
    gap, longest = _micro(settings.session_gap_seconds, settings.session_max_seconds)
    # A session that becomes final has its last event here; the whole of it is gathered for these series only.
    recent = events.where((events.time > after - gap) & (events.time < until))
    ended = sessions_of(recent, settings)
    ended = ended.where((ended.end > after) & (ended.end <= until))
    if not len(ended.index):
        return Windowed("session", settings.session_gap_seconds, Events.none(), *_NOTHING)
    wanted = np.zeros(int(events.series.max()) + 1, dtype=bool)
    wanted[recent.series[ended.index]] = True
    events = events.where(wanted[events.series] & (events.time >= after // longest * longest) & (events.time < until))
    final = sessions_of(events, settings)
    final = final.where((final.end > after) & (final.end <= until))
    chosen, start, end = events.where(final.index), final.start, final.end
    recently = chosen.time >= start + (final.last - start) // 2
    rows, row_start, row_end = _faulty_in_sessions(events, chosen.series, start, end)
    if len(rows):
        chosen = Events.joined([chosen, events.where(rows)])
        start, end = np.concatenate([start, row_start]), np.concatenate([end, row_end])
        recently = np.concatenate([recently, np.zeros(len(rows), dtype=bool)])
        order = np.lexsort((chosen.kind, chosen.value, chosen.time, start, chosen.series))
        chosen, start, end, recently = chosen.where(order), start[order], end[order], recently[order]
    return Windowed("session", settings.session_gap_seconds, chosen, start, end, recently)


def _faulty_in_sessions(events: Events, series: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Records that are not good, with the session of their series in whose time they came."""
    sessions: dict[int, set[tuple[int, int]]] = {}
    faulty = np.flatnonzero(events.kind != GOOD)
    if len(faulty):
        for of, begin, finish in zip(series.tolist(), start.tolist(), end.tolist(), strict=True):
            sessions.setdefault(of, set()).add((begin, finish))
    found = [
        (row, begin, finish)
        for row in faulty.tolist()
        for begin, finish in sessions.get(int(events.series[row]), ())
        if begin <= events.time[row] < finish
    ]
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


_NOTHING: tuple[Ints, Ints, Flags] = (
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.bool_),
)


def _micro(*seconds: int) -> tuple[int, ...]:
    return tuple(one * MICROSECONDS for one in seconds)
