import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import SandboxError


def try_lock(path: Path) -> int | None:
    """Take a lock that lasts as long as the process: a file descriptor, or None when somebody else has it.

    The kernel gives it back however the holder ends, so a lock is never stale.

    Raises:
        SandboxError: The lock file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SandboxError(
            f"Cannot write the lock file: {error.strerror or error}",
            where=str(path),
            fix="make the directory writable, or free some disk space",
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def holder(path: Path) -> int | None:
    """The process id of a lock's holder; None when nobody holds it, 0 when the holder has not written it yet."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(handle, 32).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else 0
    else:
        return None
    finally:
        os.close(handle)


def sign(handle: int) -> None:
    """Write our process id into a lock that we hold."""
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode("ascii"), 0)


@contextmanager
def waiting_lock(path: Path, *, progress: Callable[[str], None], what: str, seconds: float) -> Iterator[None]:
    """Hold a lock, waiting for it if somebody else has it.

    Raises:
        SandboxError: It was not given back in time, or the lock file cannot be made.
    """
    begin = time.monotonic()
    told = False
    while (handle := try_lock(path)) is None:
        if time.monotonic() - begin > seconds:
            raise SandboxError(
                f"Another process has been busy with {what} for more than {seconds:.0f} s",
                where=f"process {holder(path)}, lock {path}",
                fix="wait for it, or end that process",
            )
        if not told:
            progress(f"waiting for process {holder(path)}, which is busy with {what}")
            told = True
        time.sleep(0.05)
    try:
        sign(handle)
        yield
    finally:
        os.close(handle)
