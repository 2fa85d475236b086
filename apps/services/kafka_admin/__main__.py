"""Command line of kafka-admin: make Kafka what the declaration says, print what was changed, and end."""

import logging
import sys
from collections.abc import Sequence

from servicekit.program import Program
from servicekit.settings import load_settings

from kafka_admin import SERVICE, __version__
from kafka_admin.administrator import Administrator, ChangeError, UnreachableError, connect
from kafka_admin.declaration import Declaration, DeclarationError, read_declaration, read_passwords
from kafka_admin.difference import RefusedError, difference
from kafka_admin.settings import KafkaAdminSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings, declaration or usage."""
    program = Program(SERVICE, __version__, "Make Kafka what is declared.")
    program.parser().parse_args(arguments)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what matters of it is said once, by this program
    return program.end(_run, DeclarationError, RefusedError, UnreachableError, ChangeError)


def _run() -> int:
    settings = load_settings(KafkaAdminSettings)
    declared = read_declaration(settings.declaration)
    passwords = read_passwords(declared.users)
    administrator = connect(settings.kafka, settings.wait_seconds, _say)
    try:
        _make(administrator, declared, passwords)
    finally:
        administrator.close()
    return 0


def _make(administrator: Administrator, declared: Declaration, passwords: dict[str, str]) -> None:
    changes = difference(declared, administrator.actual())
    administrator.apply(changes, passwords)
    for line in changes.lines():
        _say(line)
    _say(f"passwords of {len(passwords)} users set")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
