"""How often a cron expression comes true in a month."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

MONTHS_A_YEAR = 12
_YEAR = 2027
"""An ordinary year of 365 days, over which the days of a schedule are counted."""

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Least and greatest value of minute, hour, day, month and weekday (crontab(5)); Sunday is 0 and 7."""


def runs_a_month(schedule: str) -> Fraction:
    """Runs in a month, on average over a year, of a cron expression of five numeric fields.

    As cron does, a schedule that restricts both days of the month and weekdays runs on either.

    Raises:
        ValueError: not five fields of numbers, ranges, lists and steps.
    """
    fields = schedule.split()
    if len(fields) != len(_RANGES):
        raise ValueError(f"must have five fields: {schedule!r} has {len(fields)}")
    try:
        minutes, hours, days, months, weekdays = (
            _values(text, *limits) for text, limits in zip(fields, _RANGES, strict=True)
        )
    except ValueError:
        raise ValueError(f"must be numbers, ranges, lists and steps, such as */15 2 * * 1-5: {schedule!r}") from None
    either = fields[2] != "*" and fields[4] != "*"
    first = date(_YEAR, 1, 1)
    matching = 0
    for day in (first + timedelta(days=number) for number in range(365)):
        of_month, of_week = day.day in days, day.isoweekday() % 7 in {value % 7 for value in weekdays}
        matching += day.month in months and ((of_month or of_week) if either else (of_month and of_week))
    return Fraction(matching * len(minutes) * len(hours), MONTHS_A_YEAR)


def _values(text: str, least: int, greatest: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = least if span == "*" else int(first)
        end = greatest if span == "*" or (step and not dash) else int(last or first)
        if not least <= start <= end <= greatest:
            raise ValueError
        found |= set(range(start, end + 1, int(step or 1)))
    return found
