"""Kills what an agent leaves behind when it is killed: run as a process of its own, it ends soon after the agent.

Linux kills the agent's own children with it, but not theirs. The agent writes ``+<session>`` and ``-<session>`` to this
process as containers start and end; when the pipe closes, the agent is gone.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

from sandbox.host.leftovers import kill_members


def main(arguments: list[str]) -> int:
    """Wait for the end of the agent, then kill what is left of its containers.

    Args:
        arguments: The marker that the environment of every container has.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions: set[int] = set()
    for line in sys.stdin:
        word = line.strip()
        if word.startswith("+"):
            sessions.add(int(word[1:]))
        elif word.startswith("-"):
            sessions.discard(int(word[1:]))
    kill_members(sessions, arguments[0])
    return 0


class Warden:
    """The agent's side of it.

    Args:
        marker: The marker that the environment of every container has.
        environment: The environment of the process.
    """

    def __init__(self, marker: str, environment: dict[str, str]) -> None:
        self._command = [sys.executable, "-m", "sandbox.host.warden", marker]
        self._environment = environment
        self._sessions: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, session: int) -> None:
        """Kill the session when this process dies."""
        self._sessions.add(session)
        self._tell(f"+{session}\n")

    def forget(self, session: int) -> None:
        """The session has ended, and its id may come to name another."""
        self._sessions.discard(session)
        self._tell(f"-{session}\n")

    def start(self) -> None:
        """Start it, unless it runs. One that was killed is followed by another, told of all there is."""
        if self._process is not None and self._process.poll() is None:
            return
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for session in self._sessions:
            self._write(f"+{session}\n")

    def end(self) -> None:
        """Let it see that this is the end, and wait until it has looked for what is left."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=3.0)

    def _tell(self, line: str) -> None:
        self.start()
        self._write(line)

    def _write(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it was killed; the next start tells it everything
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
