"""How often one caller may come: a token bucket for each principal."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MOST_CALLERS = 10_000
"""Buckets kept; the one that was used longest ago goes first, and it is full by then or nearly so."""


@dataclass(frozen=True)
class RateLimit:
    """What a caller may do.

    Attributes:
        per_second: calls a second, for as long as it likes.
        burst: calls at once after a rest.
    """

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError(f"per_second {self.per_second:g} must be above 0 and burst {self.burst} at least 1")


class RateLimiter:
    """Counts the calls of each caller in this process."""

    def __init__(self, limit: RateLimit, clock: Callable[[], float] = time.monotonic) -> None:
        """Hold callers to a limit."""
        self.limit, self._clock = limit, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> int:
        """0 where the caller may go on; otherwise the whole seconds after which it may come again."""
        now = self._clock()
        left, at = self._buckets.pop(caller, (float(self.limit.burst), now))
        left = min(left + (now - at) * self.limit.per_second, self.limit.burst)
        allowed = left >= 1
        self._buckets[caller] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - left) / self.limit.per_second))
