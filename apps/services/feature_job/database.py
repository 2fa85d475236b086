"""PostgreSQL: connecting, and bringing its tables to the version of this program."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from feature_job.settings import OwnedPostgresSettings

MIGRATIONS = Path(__file__).parent / "migrations"

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK = 0x66656174
"""Number of the advisory lock: "feat" in ASCII."""

Connection = psycopg.Connection[Any]


class DatabaseError(Exception):
    """PostgreSQL refuses, or is not what this program expects; the message says where, why and what to do."""


@dataclass(frozen=True)
class Migration:
    """One step of the tables' history.

    Attributes:
        version: its number, from 1 on without a gap.
        name: its file.
        statements: the SQL.
    """

    version: int
    name: str
    statements: str

    @property
    def digest(self) -> str:
        """SHA-256 of the statements."""
        return hashlib.sha256(self.statements.encode()).hexdigest()


@contextmanager
def connected(settings: OwnedPostgresSettings) -> Iterator[Connection]:
    """A connection on which nobody else runs this job: a second one waits until the first has ended.

    Raises:
        DatabaseError: PostgreSQL refuses.
        psycopg.OperationalError: it does not answer (yet).
    """
    parameters = settings.parameters("feature-job", settings.connect_seconds)
    with psycopg.connect(make_conninfo("", **parameters), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield connection


def migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """The steps in their order.

    Raises:
        DatabaseError: a file's name is of another form, or a number is missing or twice.
    """
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if not match:
            raise DatabaseError(f"{path.name}: a migration is named like 0001_what_it_does.sql")
        found.append(Migration(int(match[1]), path.name, path.read_text()))
    if [one.version for one in found] != list(range(1, len(found) + 1)):
        raise DatabaseError(
            f"migrations must be numbered from 0001 on without a gap: {', '.join(m.name for m in found)}"
        )
    return found


def migrate(connection: Connection, steps: list[Migration]) -> list[str]:
    """Run the steps that have not run, each in a transaction of its own; the names of those that ran.

    Raises:
        DatabaseError: a step that has run was changed since, or the database is ahead of this program.
    """
    with connection.transaction():
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, name text NOT NULL, "
            "sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
    rows = connection.execute("SELECT version, sha256 FROM schema_migrations ORDER BY version").fetchall()
    done: dict[int, str] = dict(rows)
    if done and max(done) > len(steps):
        raise DatabaseError(
            f"the tables are at version {max(done)} and this program knows {len(steps)}: run the newer program"
        )
    ran = []
    for step in steps:
        if step.version in done:
            if done[step.version] != step.digest:
                raise DatabaseError(
                    f"{step.name} was changed after it had run: undo the change, and add a new migration"
                )
            continue
        with connection.transaction():
            connection.execute(step.statements.encode())
            connection.execute(
                "INSERT INTO schema_migrations (version, name, sha256) VALUES (%s, %s, %s)",
                (step.version, step.name, step.digest),
            )
        ran.append(step.name)
    return ran


def grant(connection: Connection, file: Path) -> None:
    """Run the statements of a file as one transaction.

    Raises:
        DatabaseError: the file cannot be read, or a statement fails; says which file and why.
    """
    try:
        statements = file.read_bytes()
        with connection.transaction():
            if statements.strip():
                connection.execute(statements)
    except OSError as error:
        raise DatabaseError(f"{file}: {error.strerror}; mount the file with the grants there") from error
    except psycopg.Error as error:
        raise DatabaseError(f"{file}: {' '.join(str(error).split())[:300]}") from error
