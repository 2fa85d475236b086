"""A real Redis for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from sandbox.control_plane.ports import free_port
from sandbox.tools.redis import find_redis
from tests.support.server_process import Server, ServerProcess, running

PASSWORD = "password-of-the-tests-redis"


@dataclass
class RedisServer(Server):
    """One server, which can be killed and started again on the same port with the same data.

    Attributes:
        port: where it listens on 127.0.0.1.
        process: the process.
    """

    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        """Where its default user logs in, with the password."""
        return f"redis://default:{PASSWORD}@127.0.0.1:{self.port}/0"

    def environment(self, prefix: str) -> dict[str, str]:
        """Variables of a service's Redis settings."""
        return {
            f"{prefix}REDIS_HOST": "127.0.0.1",
            f"{prefix}REDIS_PORT": str(self.port),
            f"{prefix}REDIS_USERNAME": "default",
            f"{prefix}REDIS_PASSWORD": PASSWORD,
        }

    def client(self) -> Redis:
        """A client that may do everything."""
        return Redis.from_url(self.url, socket_timeout=5)

    def answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """A server that keeps its data in ``folder``, each write at once, and runs until the block or its parent ends."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    settings = {"bind": "127.0.0.1", "port": port, "dir": folder, "appendonly": "yes", "save": '""'}
    text = "".join(f"{name} {value}\n" for name, value in settings.items()) + f"requirepass {PASSWORD}\n"
    (folder / "redis.conf").write_text(text)
    command = [str(find_redis(print)), str(folder / "redis.conf")]
    with running(RedisServer(port, ServerProcess(command, folder, {}, folder / "redis.log"))) as server:
        yield server
