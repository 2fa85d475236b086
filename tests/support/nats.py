"""A real NATS server for tests."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.control_plane.ports import free_port
from sandbox.tools.resolver import resolve
from tests.support.server_process import ServerProcess


@dataclass
class NatsServer:
    """One server with JetStream, which can be killed and started again on the same port with the same data."""

    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers (0.1 s)."""
        self.process.start(self._answers)

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        self.process.kill()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(5) == b"INFO "
        except OSError:
            return False


@contextmanager
def running_nats(folder: Path) -> Iterator[NatsServer]:
    """A server that keeps its streams in ``folder`` and runs until the block or its parent ends."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = resolve(["nats-server"], print)["nats-server"]
    command = [str(program), "--addr=127.0.0.1", f"--port={port}", "--jetstream", f"--store_dir={folder}"]
    server = NatsServer(port, ServerProcess(command, folder, {}, folder / "nats.log"))
    try:
        server.start()
        yield server
    finally:
        server.kill()
