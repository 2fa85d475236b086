"""Runs ``mlflow server`` with the arguments given, after it has read where the database is and its password.

MLflow takes them from the database's address, which every process of the node can read in the list of processes, or
from libpq's variables: so they are put there, and nowhere before. How the connection is protected libpq is told by
``PGSSLMODE`` and ``PGSSLROOTCERT``.

MLflow's command starts the web server as a child and waits for it, with memory that it needs no more. Here it becomes
the web server.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

FROM_FILES = {
    "PGPASSWORD": "mount the role's Secret there",
    "PGHOST": "mount the file with the database's host there",
}
"""Variables of libpq that a file may hold, which ``<variable>_FILE`` names; and what to do where it does not."""

EXIT_CODE = 2


class SettingError(Exception):
    """A variable's file cannot be read; the message names the variable, its value and the fix."""


def server_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server.

    Raises:
        SettingError: a file with a variable cannot be read, or is empty.
    """
    # Its workers for jobs run what clients ask of them, in processes of their own; nobody asks anything here.
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", **given}
    for variable, fix in FROM_FILES.items():
        file = environment.pop(f"{variable}_FILE", "")
        if not file:
            continue
        if variable in environment:
            raise SettingError(f"{variable}_FILE: {variable} is set as well; keep one of them")
        environment[variable] = _read(f"{variable}_FILE", file, fix)
    return environment


def _read(variable: str, file: str, fix: str) -> str:
    try:
        value = Path(file).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingError(f"{variable} = {file!r}: {reason}; {fix}") from error
    if not value:
        raise SettingError(f"{variable} = {file!r}: the file is empty; {fix}")
    return value


def become(command: Sequence[str], *, extra_env: Mapping[str, str], **_: object) -> NoReturn:
    """What MLflow calls to start the web server."""
    os.execvpe(command[0], list(command), {**os.environ, **extra_env})  # noqa: S606 - no shell


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 2 when a variable's file cannot be read."""
    try:
        environment = server_environment(os.environ)
    except SettingError as error:
        sys.stderr.write(f"mlflow-server: {error}\n")
        return EXIT_CODE
    os.environ.clear()
    os.environ.update(environment)

    import mlflow.server  # noqa: PLC0415 - it takes long, and reads the environment
    from mlflow.cli import cli  # noqa: PLC0415

    # Where MLflow calls it by another name, it starts its child as ever.
    setattr(mlflow.server, "_exec_cmd", become)  # noqa: B010 - it is not exported
    given = sys.argv[1:] if arguments is None else arguments
    return int(cli(["server", *given], standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
