"""The base's files in a folder of their own, which is gone afterwards whatever happens to this process."""

from __future__ import annotations

import fcntl
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sandbox.deploy.compare.checkout import Checkout, git, git_environment
from sandbox.errors import SandboxError

_REMOVE = """
trap '' HUP INT TERM
read -r _
for try in 1 2 3 4 5; do
    git -C "$1" worktree remove --force --force "$2/tree" 2>/dev/null
    rm -rf -- "$2" 2>/dev/null
    [ -e "$2" ] || break
    sleep 0.3
done
git -C "$1" worktree prune
rm -f -- "$3"
"""
"""What the remover does: it waits until the other end of its input is closed, which the kernel does for a dead process.

It is in a session of its own, so that no signal to this process' group reaches it.
"""


@contextmanager
def base_worktree(checkout: Checkout) -> Iterator[Path]:
    """Check the base out beside this tree for as long as the context lasts.

    What an earlier run left, because machine or remover were stopped, is removed first.

    Yields:
        The project folder of the base.

    Raises:
        SandboxError: git cannot make the worktree, or the folder cannot be written.
    """
    folder = checkout.root / ".sandbox" / ".compare"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        prune(checkout.root, folder)
        home = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        lock = _locked(home.with_suffix(".lock"))
        home.mkdir()
    except OSError as error:
        raise SandboxError(
            f"no folder for the base can be made: {error.strerror or error}", where=str(folder), fix="make it writable"
        ) from error
    remover = _start_remover(checkout.root, home)
    try:
        git(checkout.root, "worktree", "add", "--quiet", "--detach", str(home / "tree"), checkout.base_commit)
        yield home / "tree" / checkout.inside
    finally:
        assert remover.stdin is not None
        remover.stdin.close()
        remover.wait()
        os.close(lock)


def prune(root: Path, folder: Path) -> list[str]:
    """Remove the worktrees of runs that are over.

    Args:
        root: the project folder.
        folder: where worktrees are made.

    Returns:
        The names of those that were removed.
    """
    removed: list[str] = []
    for lock in sorted(folder.glob("*.lock")):
        descriptor = os.open(lock, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its run goes on
        else:
            remover = _start_remover(root, lock.with_suffix(""))
            remover.communicate()
            removed.append(lock.stem)
        finally:
            os.close(descriptor)
    return removed


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with suppress(OSError):  # file systems without locks: then nothing tells a stale worktree from one in use
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _start_remover(root: Path, home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _REMOVE, "remover", str(root), str(home), str(home.with_suffix(".lock"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=git_environment(),
    )
