"""Trying again: with back-off, so that what is in trouble is left alone, and jitter, so that not all come at once."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass


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
