"""A server that a test runs, kills and starts again."""

from __future__ import annotations

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sandbox.deathsignal import die_with_parent


class ServerProcess:
    """One process, which ends with this one.

    Args:
        command: program and arguments.
        folder: where it runs.
        environment: its whole environment.
        log: file with everything that it says.
        seconds: how long it may take until it answers.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path, *, seconds: float = 60.0
    ) -> None:
        self.command = list(command)
        self.folder = folder
        self.environment = dict(environment)
        self.log = log
        self.seconds = seconds
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; it must run."""
        assert self.process is not None
        return self.process.pid

    def start(self, answers: Callable[[], bool], *, again: str = "") -> None:
        """Start it and wait until it answers.

        Args:
            answers: whether it does; must not raise while it does not.
            again: what it says at its end when it is to be started once more.
        """
        deadline = time.monotonic() + self.seconds
        self._launch()
        while not answers():
            assert time.monotonic() < deadline, f"{self.command[0]} does not answer: {self._said()}"
            if self.process is not None and self.process.poll() is not None:
                assert again, f"{self.command[0]} ended: {self._said()}"
                assert again in self._said(), f"{self.command[0]} ended: {self._said()}"
                self._launch()
            time.sleep(0.05)

    def _launch(self) -> None:
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
            )

    def _said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.end(signal.SIGTERM)

    def end(self, number: signal.Signals) -> None:
        """Send it a signal and wait until it has ended; does nothing when it does not run."""
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Server(ABC):
    """A server that can be killed and started again on the same port with the same data.

    Attributes:
        process: the process.
    """

    process: ServerProcess

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process.start(self.answers)

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        self.process.kill()

    @abstractmethod
    def answers(self) -> bool:
        """Whether it does; does not raise while it does not."""


S = TypeVar("S", bound=Server)


@contextmanager
def running(server: S) -> Iterator[S]:
    """Run a server until the block or its parent ends."""
    try:
        server.start()
        yield server
    finally:
        server.kill()
