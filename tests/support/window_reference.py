"""A second opinion on windows: plain Python over the whole history, in fractions, one event at a time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from stream_analytics.windows import WindowSettings

Event = tuple[str, int, int]
"""Series, event time in microseconds, price in ten-thousandths."""

MICRO = 1_000_000


def windows_of(
    events: Iterable[Event], settings: WindowSettings, until: int
) -> dict[tuple[str, str, int, int], tuple[float | None, ...]]:
    """Every window that ends by ``until``: kind, series, start and end, to its figures without quality."""
    members: dict[tuple[str, str, int, int], list[Event]] = defaultdict(list)
    by_series: dict[str, list[Event]] = defaultdict(list)
    size, length, step = (
        seconds * MICRO for seconds in (settings.tumbling_seconds, settings.sliding_seconds, settings.step_seconds)
    )
    for event in sorted(events, key=lambda one: one[1]):
        series, time, _ = event
        by_series[series].append(event)
        members["tumbling", series, time // size * size, time // size * size + size].append(event)
        end = (time // step + 1) * step
        while end - length <= time:
            members["sliding", series, end - length, end].append(event)
            end += step
    for series, its in by_series.items():
        for session in _sessions(its, settings.session_gap_seconds * MICRO, settings.session_max_seconds * MICRO):
            start, last = session[0][1], session[-1][1]
            block = settings.session_max_seconds * MICRO
            end = min(last + settings.session_gap_seconds * MICRO, (last // block + 1) * block)
            members["session", series, start, end] = session
    recent = {
        "tumbling": lambda start, _end, _its: start + size // 2,
        "sliding": lambda _start, end, _its: end - step,
        "session": lambda start, _end, its: start + (its[-1][1] - start) // 2,
    }
    return {
        key: (*_figures(key[2], its), _drift(its, recent[key[0]](key[2], key[3], its)))
        for key, its in members.items()
        if key[3] <= until
    }


def _sessions(events: list[Event], gap: int, longest: int) -> list[list[Event]]:
    sessions: list[list[Event]] = []
    for event in events:
        if sessions:
            before = sessions[-1][-1][1]
            if event[1] - before < gap and event[1] // longest == before // longest:
                sessions[-1].append(event)
                continue
        sessions.append([event])
    return sessions


def _figures(start: int, events: list[Event]) -> tuple[float, ...]:
    once = sorted({(time, price) for _, time, price in events})
    prices = sorted(Fraction(price, 10_000) for _, price in once)
    count = len(prices)
    mean = sum(prices, Fraction(0)) / count
    variance = sum(((price - mean) ** 2 for price in prices), Fraction(0)) / count
    points = [(Fraction((time - start) // 1000, 3_600_000), Fraction(price, 10_000)) for time, price in once]
    middle = sum((time for time, _ in points), Fraction(0)) / count
    spread = sum(((time - middle) ** 2 for time, _ in points), Fraction(0))
    slope = sum(((time - middle) * (price - mean) for time, price in points), Fraction(0)) / spread if spread else 0
    return (
        count,
        float(mean),
        math.sqrt(float(variance)),
        float(_percentile(prices, 50)),
        float(_percentile(prices, 95)),
        float(slope),
    )


def _drift(events: list[Event], newest_from: int) -> float | None:
    once = {(time, price) for _, time, price in events}
    new = [price for time, price in once if time >= newest_from]
    old = [price for time, price in once if time < newest_from]
    if min(len(new), len(old)) < 5:
        return None
    return float(max(abs(_share(new, price) - _share(old, price)) for _, price in once))


def _share(prices: list[int], limit: int) -> Fraction:
    return Fraction(sum(price <= limit for price in prices), len(prices))


def _percentile(prices: list[Fraction], percent: int) -> Fraction:
    place = Fraction((len(prices) - 1) * percent, 100)
    low = math.floor(place)
    high = min(low + 1, len(prices) - 1)
    return prices[low] + (place - low) * (prices[high] - prices[low])
