"""The PostgreSQL that is administered: what it holds, and how that becomes what is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import sql

from database_admin.connecting import Connection
from database_admin.declaration import Declaration

_LOCK = 0x64626164
"""Number of the advisory lock: "dbad" in ASCII."""

_OWN_OPTIONS = 160000
"""Version from which a membership says whether the role may be taken, apart from its rights being inherited."""

_PUBLIC_MAY = (
    "SELECT datacl IS NULL OR EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0) "
    "FROM pg_database WHERE datname = %s"
)


class ChangeError(Exception):
    """PostgreSQL refused a change, or it would take something from somebody; the message says which and why."""

    exit_code = 1


class Administrator:
    """Makes roles and databases on one connection. It drops nothing and takes no database from its owner.

    On RDS the administrator is no superuser: it may make roles and databases (``CREATEROLE CREATEDB``), and what it
    gives to a role it must itself be able to take on.

    Args:
        connection: as the administrator, each statement a transaction of its own.
        say: told what was changed, a line each.
    """

    def __init__(self, connection: Connection, say: Callable[[str], None]) -> None:
        self._connection, self._say = connection, say
        self._name = connection.info.user

    def make(self, declared: Declaration, passwords: Mapping[str, str]) -> None:
        """Make everything what is declared.

        Raises:
            ChangeError: what is refused before anything is changed, or what PostgreSQL refused; what came before that
                is done, and doing it again does no harm.
        """
        with _explained("the lock against another run"):
            self._connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        self._refuse(declared)
        for role, password in passwords.items():
            with _explained(f"role {role}"):
                self._role(role, password)
        self._say(f"passwords of {len(passwords)} roles set")
        for database, owner in declared.owners.items():
            with _explained(f"database {database}"):
                self._database(database, owner)

    def _refuse(self, declared: Declaration) -> None:
        if self._name in declared.roles:
            raise ChangeError(
                f"nothing was changed: roles.{self._name} is the administrator itself, whose password RDS makes; "
                "declare another role"
            )
        with _explained("the databases that there are"):
            rows = self._connection.execute("SELECT datname, pg_get_userbyid(datdba) FROM pg_database").fetchall()
        actual: dict[str, str] = dict(rows)
        taken = [
            f"  databases.{name}.owner = {owner!r}: it belongs to {actual[name]!r}"
            for name, owner in sorted(declared.owners.items())
            if actual.get(name, owner) != owner
        ]
        if taken:
            advice = "declare that owner, or give it away by hand with all that is in it"
            raise ChangeError("\n".join(["nothing was changed, since a database has another owner:", *taken, advice]))

    def _role(self, role: str, password: str) -> None:
        row = self._connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
        name = sql.Identifier(role)
        if row is None:
            self._connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
            self._say(f"role {role}: created")
        elif not row[0]:
            self._connection.execute(sql.SQL("ALTER ROLE {} LOGIN").format(name))
            self._say(f"role {role}: may log in")
        # The server gets what checks a password, and never the password: statements end up in logs.
        verifier = self._connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        self._connection.execute(statement.format(name, sql.Literal(verifier.decode())))

    def _database(self, database: str, owner: str) -> None:
        there = self._connection.execute("SELECT FROM pg_database WHERE datname = %s", (database,)).fetchone()
        if there is None:
            self._join(owner)
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            self._connection.execute(statement.format(sql.Identifier(database), sql.Identifier(owner)))
            self._say(f"database {database}: created, owned by {owner}")
        if self._public_may(database):
            self._join(owner)
            with self._as(owner):
                statement = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
                self._connection.execute(statement.format(sql.Identifier(database)))
            if self._public_may(database):  # a role that may not revoke is told so by a mere warning
                raise ChangeError(f"database {database}: everyone may still connect; revoke that by hand as {owner}")
            self._say(f"database {database}: for nobody but its owner and whom the owner lets in")

    def _public_may(self, database: str) -> bool:
        row = self._connection.execute(_PUBLIC_MAY, (database,)).fetchone()
        return row is not None and bool(row[0])

    def _join(self, owner: str) -> None:
        """Let the administrator take on the owner's role, which giving a database to it needs."""
        server_says_set = self._connection.info.server_version >= _OWN_OPTIONS
        kind = "SET" if server_says_set else "MEMBER"
        row = self._connection.execute("SELECT pg_has_role(%s, %s)", (owner, kind)).fetchone()
        if row is not None and row[0]:
            return
        statement = sql.SQL("GRANT {} TO CURRENT_USER" + (" WITH INHERIT FALSE, SET TRUE" if server_says_set else ""))
        self._connection.execute(statement.format(sql.Identifier(owner)))
        self._say(f"role {owner}: {self._name} may take it on")

    @contextmanager
    def _as(self, role: str) -> Iterator[None]:
        self._connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        try:
            yield
        finally:
            self._connection.execute("RESET ROLE")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        reason = " ".join(str(error).split())[:300]
        advice = "; the administrator needs CREATEROLE and CREATEDB, and rights on roles that others made"
        missing = isinstance(error, psycopg.errors.InsufficientPrivilege)
        raise ChangeError(f"{what}: {reason}{advice if missing else ''}") from error
