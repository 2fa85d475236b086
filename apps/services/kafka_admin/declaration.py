"""What is to be: the topics of a Kafka, its users, and what each of them may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Resource = Literal["topic", "group", "transactional_id"]
Operation = Literal["Read", "Write", "Describe"]


class DeclarationError(Exception):
    """The file is not a declaration; the message names each field, its value and what it must be."""

    exit_code = 2


class Permission(NamedTuple):
    """One thing that one user may do.

    Attributes:
        user: who.
        resource: the kind of what it is about.
        name: its name, or the beginning of it when ``prefix``.
        prefix: whether every name that begins so is meant.
        operation: what.
        host: from where; ``*`` for anywhere.
        allow: False for what is forbidden, which is never declared here.
    """

    user: str
    resource: str
    name: str
    prefix: bool
    operation: str
    host: str = "*"
    allow: bool = True

    def __str__(self) -> str:
        return f"{self.user}: {self.operation} {self.resource} {self.name}{'*' if self.prefix else ''}"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Topic(_Model):
    """One topic."""

    partitions: int = Field(ge=1, le=10_000, description="partitions; never made fewer")
    replication: int = Field(ge=1, le=32, description="replicas of each partition of a new topic")
    settings: dict[str, str] = Field(default_factory=dict, description="the topic's own configuration")


class Acl(_Model):
    """Operations that are allowed on one resource, or on all that begin with its name."""

    resource: Resource
    name: str = Field(min_length=1)
    prefix: bool = False
    operations: Annotated[list[Operation], Field(min_length=1)]


class User(_Model):
    """One user."""

    password_file: str = Field(pattern="^/", description="file that holds the password")
    quotas: dict[str, float] = Field(default_factory=dict, description="limit by quota, as Kafka calls them")
    acls: list[Acl] = Field(default_factory=list)


class Declaration(_Model):
    """Everything."""

    topics: dict[str, Topic]
    users: dict[str, User]

    def permissions(self) -> Iterator[Permission]:
        """Every permission of every user."""
        for name, user in self.users.items():
            for acl in user.acls:
                for operation in acl.operations:
                    yield Permission(name, acl.resource, acl.name, acl.prefix, operation)


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
        problems = [
            f"  {'.'.join(map(str, problem['loc'])) or 'the file'} = {problem['input']!r:.80}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise DeclarationError("\n".join([f"{path} is not a declaration:", *problems])) from error


def read_passwords(users: Mapping[str, User]) -> dict[str, str]:
    """The password of each user. One newline at the end of a file is not part of it.

    Raises:
        DeclarationError: a file cannot be read, or is empty.
    """
    found: dict[str, str] = {}
    problems = []
    for name, user in users.items():
        try:
            found[name] = Path(user.password_file).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            problems.append(f"  users.{name}.password_file = {user.password_file!r}: {reason}")
        else:
            if not found[name]:
                problems.append(f"  users.{name}.password_file = {user.password_file!r}: the file is empty")
    if problems:
        raise DeclarationError("\n".join(["passwords cannot be read; mount each user's Secret:", *problems]))
    return found
