from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterator
from pathlib import Path

_PROC = Path("/proc")


def members(sessions: Collection[int], marker: str = "") -> Iterator[int]:
    """Processes of the sessions, and those whose environment began with the marker, without this process.

    Args:
        sessions: Ids of sessions: that of a container is the process id of its first process.
        marker: ``NAME=value``; empty for none. A process may overwrite its environment, so it is a second net only.
    """
    wanted = marker.encode()
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            # the name in parentheses may hold anything; after it come state, parent, group, session
            fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            if fields[0] in (b"Z", b"X"):
                continue
            if int(fields[3]) in sessions or (wanted and wanted in (entry / "environ").read_bytes().split(b"\0")):
                yield int(entry.name)
        except (OSError, IndexError, ValueError):
            continue  # it ended meanwhile, or is somebody else's


def kill_members(sessions: Collection[int], marker: str = "", *, seconds: float = 2.0) -> int:
    """Kill what is left of sessions, and what that makes meanwhile, until nothing is left; returns how many."""
    end = time.monotonic() + seconds
    killed: set[int] = set()
    while found := list(members(sessions, marker)):
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(found)
        if time.monotonic() > end:
            break
        time.sleep(0.005)
    return len(killed)


def resident_bytes(session: int) -> int:
    """Memory of all processes of a session that is theirs alone or shared by them (RSS), bytes."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for pid in members((session,)):
        with contextlib.suppress(OSError, IndexError, ValueError):
            total += int((_PROC / str(pid) / "statm").read_text().split()[1]) * page
    return total
