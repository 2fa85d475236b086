import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> Callable[[], None] | None:
    """What a child process is to do first, so that the kernel kills it when the thread that made it ends.

    For ``preexec_fn`` of ``subprocess.Popen``; it makes two system calls and takes no lock. None where the system has
    no such signal.
    """
    if not sys.platform.startswith("linux"):
        return None
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died in the meantime, before the signal was asked for
            os._exit(1)

    return prepare
