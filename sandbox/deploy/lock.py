"""One run at a time for each sandbox: a lock that tells who holds it and goes with its process."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sandbox.errors import SandboxError


@contextmanager
def run_lock(path: Path, command: str) -> Iterator[int]:
    """Hold the lock while a command changes a sandbox.

    The kernel releases it when the process ends, however it ends, so there is never a stale lock to remove.

    Args:
        path: the lock file; it is kept between runs.
        command: what the holder does, for others to read.

    Yields:
        The descriptor that holds the lock; a child process that inherits it holds the lock as well.

    Raises:
        SandboxError: another process holds it; names its command, process id and start.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SandboxError(
                f"another run is under way: {_owner(path)}",
                where=str(path),
                fix="wait until it has ended, or end that process, then run this command again",
            ) from error
        owner = {
            "command": command,
            "pid": os.getpid(),
            "user": _user(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        file.truncate(0)
        file.write(json.dumps(owner))
        file.flush()
        yield file.fileno()


def _owner(path: Path) -> str:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        return f"{owner['command']!r}, process {owner['pid']} of {owner['user']}, started {owner['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its owner has not yet written who it is"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def command_line() -> str:
    """Return the command that this process was started with, without its folder."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
