import os
import subprocess
import time
from pathlib import Path

from sandbox.control_plane.part import Part
from sandbox.deathsignal import die_with_parent
from sandbox.errors import SandboxError

LOG_LIMIT = 10 * 2**20  # bytes of a log before its older half is dropped
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 10.0
_STEADY_SECONDS = 30.0  # after so long a crash is a new one, not the last one again


class Child:
    """One running part: started, watched, restarted with growing delays, stopped.

    Children must be started by the thread that lives longest: Linux sends the death signal when the *thread* that
    made them ends.

    Args:
        part: What to run.
        log: The file that gets its output.
    """

    def __init__(self, part: Part, log: Path) -> None:
        self.part = part
        self.log = log
        self.restarts = 0
        self.last_exit: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._delay = _FIRST_DELAY
        self._not_before = 0.0
        self._log_begin = 0

    @property
    def pid(self) -> int | None:
        """The process id; None when it does not run."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether the process was running when it was last looked at."""
        return self._process is not None

    @property
    def is_due(self) -> bool:
        """Whether it does not run and its delay is over."""
        return self._process is None and time.monotonic() >= self._not_before

    def start(self) -> None:
        """Start the process.

        Raises:
            SandboxError: The program is missing or cannot be run, or the log cannot be written.
        """
        try:
            with self.log.open("ab") as stream:
                self._log_begin = stream.tell()
                self._process = subprocess.Popen(
                    [self.part.title or self.part.command[0], *self.part.command[1:]],
                    executable=self.part.command[0],
                    env=self.part.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    cwd=self.log.parent,
                    preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
                )
        except OSError as error:
            raise SandboxError(
                f"Cannot start {self.part.name}: {error.strerror or error}",
                where=error.filename or self.part.command[0],
                fix="run `sandbox tools` to see which tools are there; free some disk space if the disk is full",
            ) from error
        self._started = time.monotonic()

    def look(self) -> bool:
        """Whether the process has ended since the last look."""
        if self._process is None or self._process.poll() is None:
            return False
        self.last_exit = self._process.returncode
        self._process = None
        self.restarts += 1
        self.defer()
        return True

    def defer(self) -> None:
        """Wait before the next start, each time for longer."""
        if time.monotonic() - self._started > _STEADY_SECONDS:
            self._delay = _FIRST_DELAY
        self._not_before = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, _LONGEST_DELAY)

    def terminate(self) -> None:
        """Ask the process to end."""
        if self._process is not None:
            self._process.terminate()

    def finish(self) -> None:
        """Wait for the process to end, and kill it when it takes too long."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout=self.part.stop_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._not_before = 0.0

    def tail(self, lines: int = 3) -> str:
        """The last lines that it has logged since it was last started, in one."""
        try:
            with self.log.open("rb") as stream:
                stream.seek(0, os.SEEK_END)
                stream.seek(max(self._log_begin, stream.tell() - 8192))
                text = stream.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return " / ".join(line.strip()[:300] for line in text.strip().splitlines()[-lines:])

    def port_was_taken(self) -> bool:
        """Whether its last words were that somebody else has its port."""
        return bool(self.part.port) and "address already in use" in self.tail(lines=20).lower()

    def trim_log(self) -> None:
        """Drop the older half of a log that has grown too large. Its writer appends, so it may go on writing."""
        try:
            if self.log.stat().st_size <= LOG_LIMIT:
                return
            with self.log.open("r+b") as stream:
                stream.seek(-LOG_LIMIT // 2, os.SEEK_END)
                kept = stream.read()
                stream.seek(0)
                stream.truncate()
                stream.write(kept[kept.find(b"\n") + 1 :])
                self._log_begin = 0
        except OSError:
            return  # a log that cannot be trimmed now is trimmed at the next look
