"""Kills a run of the engine at a chosen moment, in the middle of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.engine.monitor import Monitor
from sandbox.engine.state.store import StateStore
from tests.support.engine_harness import Harness


class Killed(BaseException):
    """The run is dead: no cleanup of its own may run, and nothing that it still does may have an effect."""


class KillSwitch:
    """Counts the moments between a run's effects on the service and on the state, and ends it at one of them.

    Attributes:
        moments: how many there have been.
        dead: the run was killed; every further effect is refused.
    """

    def __init__(self, at: int | None) -> None:
        self.moments = 0
        self.dead = False
        self._at = at
        self._lock = threading.Lock()

    def moment(self) -> None:
        with self._lock:
            self.moments += 1
            if self.moments == self._at:
                self.dead = True
            if self.dead:
                raise Killed

    @contextmanager
    def armed(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Count, and kill, while the block runs; a kill ends the block and is swallowed."""
        transaction = StateStore._transaction
        register = Monitor.RegisterResource

        @contextmanager
        def mortal_transaction(store: StateStore) -> Iterator[None]:
            self.moment()
            with transaction(store):
                yield
            self.moment()

        def mortal_register(monitor: Monitor, request: Any) -> Any:
            try:
                return register(monitor, request)
            except Killed as error:  # the SDK must see an error that it can handle, or it waits for ever
                raise RuntimeError("killed") from error

        with monkeypatch.context() as patch:
            patch.setattr(StateStore, "_transaction", mortal_transaction)
            patch.setattr(Monitor, "RegisterResource", mortal_register)
            patch.setattr(harness.cloud, "fail", lambda verb, name: self.moment())
            try:
                yield
            except (Killed, RuntimeError):
                assert self.dead
