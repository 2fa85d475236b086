import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.tools.platforms import Platform
from sandbox.tools.registry import Tool

Progress = Callable[[str], None]


def cache_root() -> Path:
    """The cache directory: ``$XDG_CACHE_HOME/analytics-platform``, by default below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "analytics-platform"


def cached_path(tool: Tool, platform: Platform) -> Path:
    """Where the cache keeps a tool, whether it is there or not."""
    return cache_root() / "tools" / str(platform) / f"{tool.name}-{tool.version}"


def is_program(path: Path) -> bool:
    """Whether a path is a file that can be run and is not empty."""
    try:
        return path.is_file() and path.stat().st_size > 0 and os.access(path, os.X_OK)
    except OSError:
        return False


@contextmanager
def workspace(directory: Path) -> Iterator[Path]:
    """A temporary directory beside the place where its result will be moved to, removed afterwards.

    Raises:
        SandboxError: The directory cannot be made: no permission, or no space left.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=directory, prefix=".work-"))
    except OSError as error:
        raise disk_error(error, directory) from error
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def install(built: Path, target: Path) -> None:
    """Move a finished program to its place in one step, so that nobody ever runs half of one.

    Raises:
        SandboxError: It cannot be moved.
    """
    try:
        built.chmod(0o755)
        built.replace(target)
    except OSError as error:
        raise disk_error(error, target) from error


@contextmanager
def exclusive(target: Path, progress: Progress, *, what: str) -> Iterator[None]:
    """Hold the lock of one cache entry, so that two runs do not make the same thing twice.

    Args:
        target: The cache entry.
        progress: Told when another run holds the lock.
        what: What is being made, for that message.

    Raises:
        SandboxError: The lock file cannot be made.
    """
    lock = target.parent / f".{target.name}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise disk_error(error, lock) from error
    try:
        _wait_for(handle, progress, what)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, progress: Progress, what: str) -> None:
    begin = time.monotonic()
    told = 0.0
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - begin
            if not told or waited - told >= 15:
                progress(f"waiting for another run that makes {what} ({waited:.0f} s)")
                told = max(waited, 0.001)
            time.sleep(0.2)
        else:
            return


def disk_error(error: OSError, path: Path) -> SandboxError:
    """What a failed file operation means to the reader."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SandboxError(
            "The disk is full", where=str(path), fix="free some space, or set XDG_CACHE_HOME to a larger disk"
        )
    return SandboxError(
        f"Cannot write to the cache: {error.strerror or error}",
        where=str(path),
        fix="make the directory writable, or set XDG_CACHE_HOME to one that is",
    )
