"""Lets registrations that end at about the same time return to the SDK together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_FEW = 50
"""With no more registrations than this under way, each returns at once."""

_PER_REGISTRATION = 0.0004
"""Seconds of the common beat for each registration under way."""

_LONGEST = 0.2
"""Seconds that a registration waits for the beat at most."""


class Pace:
    """A beat on which many registrations return.

    Each time a registration returns, the SDK walks over all outputs that still wait. A thousand that return one by one
    cost it a thousand walks over thousands of outputs, in the interpreter that everything else here shares; an
    apply of 1,000 objects took twice as long without a beat (`python -m bench objects` measures it).
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._lock = threading.Lock()

    @contextmanager
    def registration(self) -> Iterator[None]:
        """Count a registration; where many are under way, its end waits for the next beat."""
        with self._lock:
            self._under_way += 1
        try:
            yield
            seconds = self.beat()
            if seconds:
                time.sleep(seconds - time.monotonic() % seconds)
        finally:
            with self._lock:
                self._under_way -= 1

    def beat(self) -> float:
        """Return the seconds between two beats now; 0.0 for none."""
        count = self._under_way
        return 0.0 if count <= _FEW else min(_LONGEST, count * _PER_REGISTRATION)
