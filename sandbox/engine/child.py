"""Where a run's process begins: it ties its life to its parent's before it imports anything that takes time."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def die_with_parent(parent: int) -> None:
    """Ask Linux to end this process when its parent ends, so that a killed command leaves no engine behind.

    Args:
        parent: the process that must live; when it is gone already, this process ends at once.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    from sandbox.engine.run import main

    os._exit(main(int(sys.argv[2])))
