"""One run at a time for each sandbox: a lock that tells who holds it and goes with its process."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from sandbox.errors import SandboxError

_DYING_SECONDS = 10.0
"""How long the engine process of a killed command may take to end."""

_WRITING_SECONDS = 2.0
"""How long an owner may take between taking the lock and saying who it is; a busy machine can hold it up there."""


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
        if not _take(file, path):
            raise SandboxError(
                f"another run is under way: {_owner(path)}",
                where=str(path),
                fix="wait until it has ended, or end that process, then run this command again",
            )
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


def _take(file: TextIO, path: Path) -> bool:
    """Take the lock; wait while its owner has not said who it is, or is dead and only its child still ends."""
    begin = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _read_owner(path)
            if owner is not None and _alive(int(owner["pid"])):
                return False
            if time.monotonic() - begin > (_WRITING_SECONDS if owner is None else _DYING_SECONDS):
                return False
            time.sleep(0.05)
        else:
            return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_owner(path: Path) -> dict[str, Any] | None:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(owner, dict) and {"command", "pid", "user", "started"} <= set(owner)
    return owner if known else None


def _owner(path: Path) -> str:
    owner = _read_owner(path)
    if owner is None:
        return "its owner has not yet written who it is"
    return f"{owner['command']!r}, process {owner['pid']} of {owner['user']}, started {owner['started']}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def command_line() -> str:
    """Return the command that this process was started with, without its folder."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
