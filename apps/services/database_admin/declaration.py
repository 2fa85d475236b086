"""What is to be: the roles of a PostgreSQL that may log in, and the databases that they own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

# As PostgreSQL writes a name without quotes, in the length that it keeps of one (NAMEDATALEN - 1).
_NAME = StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")
_RESERVED_ROLES = ("pg_", "rds")
_RESERVED_DATABASES = frozenset({"postgres", "rdsadmin", "template0", "template1"})


class DeclarationError(Exception):
    """The file is not a declaration; the message names each field, its value and what it must be."""

    exit_code = 2


def _no_role_of_the_system(name: str) -> str:
    if name.startswith(_RESERVED_ROLES) or name in ("postgres", "public", "none"):
        raise ValueError("PostgreSQL and RDS keep this name for a role of their own; take another")
    return name


def _no_database_of_the_system(name: str) -> str:
    if name in _RESERVED_DATABASES:
        raise ValueError("PostgreSQL and RDS keep this name for a database of their own; take another")
    return name


RoleName = Annotated[str, _NAME, AfterValidator(_no_role_of_the_system)]
DatabaseName = Annotated[str, _NAME, AfterValidator(_no_database_of_the_system)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Role(_Model):
    """A role that logs in with a password."""

    password_file: str = Field(pattern="^/", description="file that holds the password")


class Database(_Model):
    """A database that nobody but its owner may use until the owner grants it."""

    owner: RoleName = Field(description="role that owns it, and makes its tables")


class Declaration(_Model):
    """Everything."""

    roles: dict[RoleName, Role]
    databases: dict[DatabaseName, Database]

    @model_validator(mode="after")
    def _owners_are_declared(self) -> Self:
        for name, database in self.databases.items():
            if database.owner not in self.roles:
                known = ", ".join(sorted(self.roles)) or "none"
                raise ValueError(
                    f"databases.{name}.owner = {database.owner!r}: no role of this file; there are {known}"
                )
        return self

    @property
    def owners(self) -> Mapping[str, str]:
        """Role that owns each database."""
        return {name: database.owner for name, database in self.databases.items()}


def read_declaration(path: Path) -> Declaration:
    """The declaration in a file.

    Raises:
        DeclarationError: it is not one, or cannot be read.
    """
    try:
        return Declaration.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DeclarationError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise DeclarationError("\n".join([f"{path} is not a declaration:", *_problems(error)])) from error


def _problems(error: ValidationError) -> Iterable[str]:
    for problem in error.errors():
        message = problem["msg"].removeprefix("Value error, ")
        place = ".".join(str(part) for part in problem["loc"] if part != "[key]")
        yield f"  {place} = {problem['input']!r:.80}: {message}" if place else f"  {message}"


def read_passwords(roles: Mapping[str, Role]) -> dict[str, str]:
    """The password of each role. One newline at the end of a file is not part of it.

    Raises:
        DeclarationError: a file cannot be read, is empty, or holds what cannot be a password.
    """
    found: dict[str, str] = {}
    problems = []
    for name, role in roles.items():
        try:
            found[name] = Path(role.password_file).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            problems.append(f"  roles.{name}.password_file = {role.password_file!r}: {reason}")
        else:
            if not found[name]:
                problems.append(f"  roles.{name}.password_file = {role.password_file!r}: the file is empty")
            elif not found[name].isprintable():
                problems.append(f"  roles.{name}.password_file = {role.password_file!r}: more than one line of text")
    if problems:
        raise DeclarationError("\n".join(["passwords cannot be read; mount each role's Secret:", *problems]))
    return found
