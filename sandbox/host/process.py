from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.deathsignal import die_with_parent
from sandbox.host.leftovers import kill_members
from sandbox.host.warden import Warden

LOG_LIMIT = 10 * 2**20
"""Bytes of a container's log before its older half is dropped: the kubelet's containerLogMaxSize, by default."""


class Process:
    """One run of a container: a session of processes that ends with its first one.

    It must be made by the thread that runs the agent's loop: Linux kills it when that thread ends.

    Args:
        argv: The program and its arguments.
        environment: Its whole environment.
        directory: Where it starts.
        log: The file that gets its output, as it comes.
        warden: Kills what is left when the agent is killed.
        stop_signal: What asks it to end: that of its image (STOPSIGNAL).

    Raises:
        OSError: The program is missing or cannot be run.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        warden: Warden,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._warden = warden
        self._stop_signal = stop_signal
        with log.open("ab") as stream:
            self._popen = subprocess.Popen(
                list(argv),
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
            )
        self.pid = self._popen.pid
        warden.watch(self.pid)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._handle = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self._handle, self._on_end)

    async def wait(self) -> int:
        """The exit status when it has ended, 128 and the signal's number when a signal ended it."""
        return await asyncio.shield(self._ended)

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._ended.done()

    def terminate(self) -> None:
        """Ask it to end, as a container runtime does: the first process alone is told."""
        self._signal(self._stop_signal)

    def kill(self) -> None:
        """End all of its processes."""
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def stop(self, grace: float) -> int:
        """Ask it to end, kill it after the grace period, and wait."""
        self.terminate()
        try:
            return await asyncio.wait_for(self.wait(), timeout=grace)
        except TimeoutError:
            self.kill()
            return await self.wait()

    def _signal(self, number: signal.Signals) -> None:
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        kill_members((self.pid,), seconds=0.5)  # before its id is given back: a container ends with its first process
        status = self._popen.wait()
        self._warden.forget(self.pid)
        self._ended.set_result(status if status >= 0 else 128 - status)


def last_words(log: Path, *, lines: int = 5, limit: int = 1000) -> str:
    """The last lines of a log, which say what was wrong when its writer has failed."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - 8192))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(line.rstrip() for line in text.strip().splitlines()[-lines:])[-limit:]


def trim(log: Path, limit: int = LOG_LIMIT) -> None:
    """Drop the older half of a log that has grown too large. Its writer appends, so it may go on writing."""
    with contextlib.suppress(OSError):  # one that cannot be trimmed now is trimmed at the next look
        if log.stat().st_size <= limit:
            return
        with log.open("r+b") as stream:
            stream.seek(-limit // 2, os.SEEK_END)
            kept = stream.read()
            stream.seek(0)
            stream.truncate()
            stream.write(kept[kept.find(b"\n") + 1 :])
