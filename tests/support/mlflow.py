"""A real MLflow server for tests: what its image has, with its records in PostgreSQL."""

from __future__ import annotations

import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
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


def new_mlflow(folder: Path, postgres: PostgresServer, libpq: Mapping[str, str] | None = None) -> MlflowServer:
    """A server that was not started yet.

    Args:
        folder: where artifacts are kept.
        postgres: where records are kept; a database and a role are made for it.
        libpq: variables that say how it is reached, where its address is not to say it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Tests of one process share a PostgreSQL; each server has records of its own there.
    role = f"mlflow_{secrets.token_hex(4)}"
    postgres.create_role(role)
    postgres.create_database(role, role)
    (folder / "password").write_text(PASSWORD)
    port = free_port()
    python, path = find_mlflow(print)
    place = "" if libpq else f"127.0.0.1:{postgres.port}"
    arguments = [
        "--host=127.0.0.1",
        f"--port={port}",
        "--workers=1",
        f"--backend-store-uri=postgresql://{role}@{place}/{role}",
        f"--artifacts-destination={folder / 'artifacts'}",
        f"--allowed-hosts=127.0.0.1:{port}",
    ]
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": path,
        "PGPASSWORD_FILE": str(folder / "password"),
        **(libpq or {}),
    }
    command = [str(python), "-m", "mlflow_server", *arguments]
    process = ServerProcess(command, folder, environment, folder / "mlflow.log", seconds=180)
    return MlflowServer(f"http://127.0.0.1:{port}", process)


@contextmanager
def running_mlflow(
    folder: Path, postgres: PostgresServer, libpq: Mapping[str, str] | None = None
) -> Iterator[MlflowServer]:
    """A server that runs until the block or its parent ends; see ``new_mlflow``."""
    server = new_mlflow(folder, postgres, libpq)
    try:
        server.start()
        yield server
    finally:
        server.process.stop()
