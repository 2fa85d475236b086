"""Statistics of windows, computed in whole numbers: the same events give the same bits, in whatever order they came.

Prices are decimals of four digits and times are whole microseconds, so every sum is exact; one correctly rounded
division (and for the deviation one square root) makes the float at the end. A batch over the whole history therefore
gives exactly what the stream gave.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stream_analytics.events import GOOD, SCALE, Events, Flags, Ints
from stream_analytics.windows import Windowed

HOUR = 3_600_000
"""Milliseconds in an hour: times count in whole milliseconds where the trend is concerned."""

DRIFT_AT_LEAST = 5
"""Events on either side below which no drift is given: the distance of two handfuls says nothing."""

_BITS = 62
_EXACT = 2**_BITS


@dataclass(frozen=True)
class Window:
    """One final window of one series.

    Attributes:
        series: number of the series.
        kind: `tumbling`, `sliding` or `session`.
        seconds: length; of a session, its gap.
        start: start in microseconds since 1970.
        end: end, not included.
        count: prices counted; one that came again with the same time and price counts once.
        mean: their mean.
        std: their standard deviation (of the population).
        p50: their median, between two prices by linear interpolation.
        p95: 95th percentile, likewise.
        trend: slope of the least-squares line in currency units an hour; 0 where all came in one millisecond.
        quality: share of the records of this series and time that counted; the rest came again, late or unreadable.
        drift: Kolmogorov-Smirnov distance between the newest part and the rest; None with fewer than 5 on either side.
    """

    series: int
    kind: str
    seconds: int
    start: int
    end: int
    count: int
    mean: float
    std: float
    p50: float
    p95: float
    trend: float
    quality: float
    drift: float | None


def summarize(windowed: Windowed) -> list[Window]:
    """The statistics of each window that holds at least one price."""
    events, start, end, recent = windowed.events, windowed.start, windowed.end, windowed.recent
    if not len(events):
        return []
    first = _changes(events.series, start)
    group = np.cumsum(first) - 1
    total = np.bincount(group)
    counted = (events.kind == GOOD) & (first | _changes(events.time, events.value, events.kind))
    count = np.bincount(group[counted], minlength=len(total))
    rows = _Rows(group[counted], start[counted], events.where(counted), recent[counted])
    spans = _spans(rows.group)
    value, new = _by_value(rows)
    figures = zip(
        spans.which.tolist(), _moments(rows, spans), _percentiles(value, spans), _drifts(value, new, spans), strict=True
    )
    heads = np.flatnonzero(first)
    windows = []
    for which, (mean, std, trend), (p50, p95), drift in figures:
        head, n = heads[which], int(count[which])
        windows.append(
            Window(
                series=int(events.series[head]),
                kind=windowed.kind,
                seconds=windowed.seconds,
                start=int(start[head]),
                end=int(end[head]),
                count=n,
                mean=mean,
                std=std,
                p50=p50,
                p95=p95,
                trend=trend,
                quality=n / int(total[which]),
                drift=drift,
            )
        )
    return windows


@dataclass(frozen=True)
class _Rows:
    """Prices that count, by window, time and value."""

    group: Ints
    start: Ints
    events: Events
    recent: Flags


@dataclass(frozen=True)
class _Spans:
    """Where each window's rows lie: the window, its first row and the one behind its last."""

    which: Ints
    first: Ints
    behind: Ints


def _spans(group: Ints) -> _Spans:
    first = np.flatnonzero(_changes(group))
    return _Spans(group[first], first, np.append(first[1:], len(group)) if len(first) else first)


def _changes(*columns: Ints) -> Flags:
    """Which rows differ from the one before in one of the columns; the first does."""
    changed = np.ones(len(columns[0]), dtype=bool)
    changed[1:] = False
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def _by_value(rows: _Rows) -> tuple[Ints, Ints]:
    """The values of each window in order, and for each whether it belongs to the newest part."""
    value, new = rows.events.value, rows.recent.astype(np.int64)
    if not len(value):
        return value, new
    lowest = value.min()
    bits = int(value.max() - lowest).bit_length()
    if bits + int(rows.group[-1]).bit_length() > _BITS - 1:
        order = np.lexsort((value, rows.group))
        return value[order], new[order]
    # All three in one number: numbers are sorted without comparing rows column by column.
    packed = np.sort((rows.group << (bits + 1)) | ((value - lowest) << 1) | new)
    return ((packed >> 1) & ((1 << bits) - 1)) + lowest, packed & 1


def _moments(rows: _Rows, spans: _Spans) -> list[tuple[float, float, float]]:
    """Mean, deviation and trend of each window."""
    if not len(spans.first):
        return []
    lengths = spans.behind - spans.first
    lowest = np.minimum.reduceat(rows.events.value, spans.first)
    value = rows.events.value - np.repeat(lowest, lengths)
    time = (rows.events.time - rows.start) // 1000
    top_value = np.maximum.reduceat(value, spans.first).astype(float)
    top_time = np.maximum.reduceat(time, spans.first).astype(float)
    # Sums of products that could leave 64 bits are made from Python's integers instead; prices hardly ever do.
    wide = lengths * np.maximum(top_value, top_time) ** 2 >= _EXACT
    sums = [np.add.reduceat(column, spans.first).tolist() for column in (value, time)]
    products = [np.add.reduceat(a * b, spans.first).tolist() for a, b in ((value, value), (time, time), (time, value))]
    result = []
    for i, (n, low) in enumerate(zip(lengths.tolist(), lowest.tolist(), strict=True)):
        x, t, xx, tt, tx = sums[0][i], sums[1][i], products[0][i], products[1][i], products[2][i]
        if wide[i]:
            span = slice(spans.first[i], spans.behind[i])
            x, t, xx, tt, tx = _wide_sums(value[span].tolist(), time[span].tolist())
        spread = n * tt - t * t
        result.append(
            (
                (n * low + x) / (n * SCALE),
                math.sqrt((n * xx - x * x) / (n * n * SCALE * SCALE)),
                (n * tx - t * x) * HOUR / (spread * SCALE) if spread else 0.0,
            )
        )
    return result


def _wide_sums(value: list[int], time: list[int]) -> tuple[int, int, int, int, int]:
    pairs = list(zip(time, value, strict=True))
    return (
        sum(value),
        sum(time),
        sum(x * x for x in value),
        sum(t * t for t in time),
        sum(t * x for t, x in pairs),
    )


def _percentiles(value: Ints, spans: _Spans) -> list[tuple[float, float]]:
    """Median and 95th percentile of each window, from its values in order."""
    lengths = spans.behind - spans.first
    columns = []
    for percent in (50, 95):
        whole, part = np.divmod((lengths - 1) * percent, 100)
        low = value[spans.first + whole]
        high = value[np.minimum(spans.first + whole + 1, spans.behind - 1)]
        columns.append((low * (100 - part) + high * part).tolist())
    return [(p50 / (100 * SCALE), p95 / (100 * SCALE)) for p50, p95 in zip(*columns, strict=True)]


def _drifts(value: Ints, new: Ints, spans: _Spans) -> list[float | None]:
    """Largest distance between the distribution of each window's newest part and that of the rest.

    Args:
        value: the values of each window in order.
        new: 1 for each that belongs to the newest part, 0 for the others.
        spans: where each window's values lie.
    """
    if not len(spans.first):
        return []
    lengths = spans.behind - spans.first
    news = np.add.reduceat(new, spans.first)
    olds = lengths - news
    seen_new = np.cumsum(new)
    seen_new -= np.repeat(seen_new[spans.first] - new[spans.first], lengths)
    seen_old = np.arange(1, len(value) + 1) - np.repeat(spans.first, lengths) - seen_new
    apart = np.abs(seen_new * np.repeat(olds, lengths) - seen_old * np.repeat(news, lengths))
    # Among equal prices only the last one's shares are those of the distributions.
    last = np.append(value[1:] != value[:-1], [True])
    last[spans.behind - 1] = True
    apart[~last] = 0
    largest = np.maximum.reduceat(apart, spans.first).tolist()
    return [
        top / (new_count * old_count) if min(new_count, old_count) >= DRIFT_AT_LEAST else None
        for top, new_count, old_count in zip(largest, news.tolist(), olds.tolist(), strict=True)
    ]
