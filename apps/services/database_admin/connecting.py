"""Getting in: the secret, then the server, tried until both answer or the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from servicekit.retry import Backoff

from database_admin.secret import AdministratorSecret, SecretError
from database_admin.settings import AdministeredPostgres

Connection = psycopg.Connection[Any]

STATEMENT_SECONDS = 120
"""Longer than CREATE DATABASE takes, and than another run of this program that has the lock."""

_BACKOFF = Backoff(first=0.5, most=10.0)


class UnreachableError(Exception):
    """Nobody let us in within the time; the message says who, why, and what to look at."""

    exit_code = 1


def connect(
    secret: AdministratorSecret,
    postgres: AdministeredPostgres,
    wait_seconds: float,
    progress: Callable[[str], None],
) -> Connection:
    """A connection as the administrator, as soon as there is one.

    The secret is read at each try: it may have been rotated since the last one.

    Args:
        secret: the administrator's name and password.
        postgres: where the server is.
        wait_seconds: how long to try.
        progress: told why it does not work yet, each reason once.

    Raises:
        UnreachableError: it did not work in time.
    """
    deadline = time.monotonic() + wait_seconds
    told = ""
    for pause in _BACKOFF.waits():
        try:
            return _try(secret, postgres)
        except SecretError as error:
            reason, look = str(error), "see that its IAM role may read that secret and decrypt it with its key"
        except psycopg.OperationalError as error:
            reason = f"{postgres.place}: {' '.join(str(error).split())}"
            look = (
                "see that it runs, that security groups and network policies allow the connection, that the secret is "
                "its administrator's and that the CA file is its region's"
            )
        if time.monotonic() + pause >= deadline:
            raise UnreachableError(f"waited {wait_seconds:g} s in vain: {reason}; {look}")
        if reason != told:
            told = reason
            progress(f"waiting: {reason}")
        time.sleep(pause)
    raise AssertionError("waits have no end")


def _try(secret: AdministratorSecret, postgres: AdministeredPostgres) -> Connection:
    administrator = secret.read()
    password = administrator.password.get_secret_value()
    parameters = postgres.parameters_as(administrator.username, password, "database-admin", postgres.connect_seconds)
    options = f"-c statement_timeout={STATEMENT_SECONDS * 1000}"
    return psycopg.connect(make_conninfo("", **parameters, options=options), autocommit=True)
