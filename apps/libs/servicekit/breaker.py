"""A circuit breaker: what fails again and again is not asked for a while, so that callers need not wait for it."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

State = Literal["closed", "open", "half_open"]


class CircuitOpen(Exception):  # noqa: N818 - it is a state that is met, not a mistake
    """The dependency is left alone for now.

    Attributes:
        retry_after: seconds until it is tried again.
    """

    def __init__(self, name: str, retry_after: float) -> None:
        """Say which dependency, and for how long."""
        super().__init__(f"{name} failed too often; it is tried again in {retry_after:.1f} s")
        self.retry_after = retry_after


class CircuitBreaker:
    """Opens after failures in a row; then lets one call through at a time until one succeeds."""

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        open_seconds: float = 5.0,
        counts: tuple[type[Exception], ...] = (Exception,),
        answers: tuple[type[Exception], ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Guard one dependency.

        Args:
            name: the dependency, in messages.
            failures: in a row, after which it opens; at least 1.
            open_seconds: for how long nothing is asked of it.
            counts: exceptions that are failures of the dependency; others say nothing about it.
            answers: exceptions that it raised on purpose, such as a refusal: it is there, as after a success.
            clock: seconds that only grow.
        """
        if failures < 1 or open_seconds <= 0:
            raise ValueError(f"failures {failures} must be at least 1 and open_seconds {open_seconds:g} above 0")
        self._name, self._most, self._open_seconds = name, failures, open_seconds
        self._counts, self._answers, self._clock = counts, answers, clock
        self._failed = 0
        self._opened_at: float | None = None
        self._trying = False

    @property
    def state(self) -> State:
        """`closed`: calls pass; `open`: none does; `half_open`: the next one is the trial."""
        if self._opened_at is None:
            return "closed"
        return "open" if self._clock() < self._opened_at + self._open_seconds else "half_open"

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Make one call inside.

        Raises:
            CircuitOpen: instead of the call.
        """
        trial = self._enter()
        try:
            yield
        except self._answers:
            self._succeed()
            raise
        except self._counts:
            self._fail()
            raise
        else:
            self._succeed()
        finally:
            if trial:
                self._trying = False

    def _enter(self) -> bool:
        if self._opened_at is None:
            return False
        left = self._opened_at + self._open_seconds - self._clock()
        if left > 0 or self._trying:
            raise CircuitOpen(self._name, max(left, 0.0))
        self._trying = True
        return True

    def _succeed(self) -> None:
        self._failed, self._opened_at = 0, None

    def _fail(self) -> None:
        self._failed += 1
        if self._failed >= self._most:
            self._opened_at = self._clock()
