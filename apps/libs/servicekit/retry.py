"""Trying again: with back-off, so that what is in trouble is left alone, and jitter, so that not all come at once."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Backoff:
    """Waits between tries: doubled from `first` to `most`, each drawn from the upper half of its step.

    Attributes:
        first: seconds before the second try.
        most: seconds that a wait is at most.
    """

    first: float = 0.1
    most: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.most:
            raise ValueError(f"first {self.first:g} s must be above 0 and at most {self.most:g} s")

    def waits(self, draw: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
        """Seconds to wait before each further try, without end."""
        step = self.first
        while True:
            yield draw(step / 2, step)
            step = min(step * 2, self.most)


async def retrying(
    call: Callable[[], Awaitable[T]],
    *,
    on: tuple[type[Exception], ...],
    attempts: int = 5,
    within_seconds: float | None = None,
    backoff: Backoff | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    told: Callable[[Exception, float], None] = lambda _error, _wait: None,
) -> T:
    """What ``call`` returns, tried again when it raises one of ``on``.

    Args:
        call: makes one try.
        on: what a further try may mend; anything else is raised at once.
        attempts: tries in all.
        within_seconds: no wait goes past this many seconds from now; no limit by default.
        backoff: the waits; 0.1 s to 5 s by default.
        sleep: waits; another one in tests.
        told: hears of each failure that is tried again, and of the seconds until then.

    Raises:
        Exception: the last try's own.
    """
    if attempts < 1:
        raise ValueError(f"attempts {attempts}: at least 1")
    begun = time.monotonic()
    waits = (backoff or Backoff()).waits()
    for remaining in range(attempts - 1, -1, -1):
        try:
            return await call()
        except on as error:
            wait = next(waits)
            late = within_seconds is not None and time.monotonic() - begun + wait > within_seconds
            if not remaining or late:
                raise
            told(error, wait)
            await sleep(wait)
    raise AssertionError("unreachable: the last try returns or raises")
