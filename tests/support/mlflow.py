"""A real MLflow server for tests: what its image has, with its records in PostgreSQL."""

from __future__ import annotations

import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.control_plane.ports import free_port
from sandbox.tools.mlflow import find_mlflow
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.server_process import Server, ServerProcess


@dataclass
class MlflowServer(Server):
    """One server, which can be killed and started again on the same port with the same data.

    Attributes:
        url: where clients find it.
        process: the process.
    """

    url: str
    process: ServerProcess

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def running_mlflow(folder: Path, postgres: PostgresServer) -> Iterator[MlflowServer]:
    """A server that runs until the block or its parent ends.

    Args:
        folder: where artifacts are kept.
        postgres: where records are kept; a database and a role are made for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Tests of one process share a PostgreSQL; each server has records of its own there.
    role = f"mlflow_{secrets.token_hex(4)}"
    postgres.create_role(role)
    postgres.create_database(role, role)
    (folder / "password").write_text(PASSWORD)
    port = free_port()
    python, path = find_mlflow(print)
    arguments = [
        "--host=127.0.0.1",
        f"--port={port}",
        "--workers=1",
        f"--backend-store-uri=postgresql://{role}@127.0.0.1:{postgres.port}/{role}",
        f"--artifacts-destination={folder / 'artifacts'}",
        f"--allowed-hosts=127.0.0.1:{port}",
    ]
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": path,
        "PGPASSWORD_FILE": str(folder / "password"),
    }
    command = [str(python), "-m", "mlflow_server", *arguments]
    server = MlflowServer(
        f"http://127.0.0.1:{port}", ServerProcess(command, folder, environment, folder / "mlflow.log", seconds=180)
    )
    try:
        server.start()
        yield server
    finally:
        server.process.stop()
