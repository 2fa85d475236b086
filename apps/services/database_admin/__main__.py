"""Command line of database-admin: make roles and databases what the declaration says, print what changed, and end."""

import sys
from collections.abc import Sequence

from servicekit.program import Program
from servicekit.settings import load_settings

from database_admin import SERVICE, __version__
from database_admin.administrator import Administrator, ChangeError
from database_admin.connecting import UnreachableError, connect
from database_admin.declaration import DeclarationError, read_declaration, read_passwords
from database_admin.secret import AdministratorSecret
from database_admin.settings import DatabaseAdminSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings, declaration or usage."""
    program = Program(SERVICE, __version__, "Make roles and databases of a PostgreSQL what is declared.")
    program.parser().parse_args(arguments)
    return program.end(_run, DeclarationError, UnreachableError, ChangeError)


def _run() -> int:
    settings = load_settings(DatabaseAdminSettings)
    declared = read_declaration(settings.declaration_file)
    passwords = read_passwords(declared.roles)
    secret = AdministratorSecret(settings.secret_arn, settings.region)
    with connect(secret, settings.postgres, settings.wait_seconds, _say) as connection:
        Administrator(connection, _say).make(declared, passwords)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
