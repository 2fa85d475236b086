"""How far a drill has come, on disk: one that was killed is taken up where it stopped."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.control_plane.endpoints import write_json
from sandbox.errors import SandboxError


@dataclass
class Journal:
    """What a drill has done so far.

    Attributes:
        path: The file.
        tenant: The tenant.
        drill: Name of the drill, part of the name of all that it makes.
        namespaces: The tenant's namespaces.
        made: What the drill made for itself and has to remove, as paths at the API server, in the order of making.
        bucket: Bucket that it made for itself; empty when the stack declares one.
        policies: Policies of buckets that are suspended until its end, by bucket.
        backups: Backups that are complete, each with what is restored of it.
        inventory: What the tenant had before the disaster.
        objects: Likewise in S3.
        disaster: When the deletion began, in seconds since 1970; 0 before.
        saved: When the first of the backups began, likewise.
        backup_seconds: How long the backups took.
    """

    path: Path
    tenant: str
    drill: str
    namespaces: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    bucket: str = ""
    policies: dict[str, str] = field(default_factory=dict)
    backups: list[dict[str, Any]] = field(default_factory=list)
    inventory: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    disaster: float = 0.0
    saved: float = 0.0
    backup_seconds: float = 0.0

    def write(self) -> None:
        """Save it.

        Raises:
            SandboxError: It cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, {key: value for key, value in asdict(self).items() if key != "path"})

    def remove(self) -> None:
        """The drill is over."""
        self.path.unlink(missing_ok=True)


def read_journal(path: Path) -> Journal | None:
    """The journal of a drill that did not end; None when there is none.

    Raises:
        SandboxError: It cannot be understood.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return Journal(path=path, **json.loads(text))
    except (ValueError, TypeError) as error:
        raise SandboxError(
            f"The journal of an earlier drill cannot be read: {error}",
            where=str(path),
            fix="that drill may have left the tenant deleted: deploy the stack again (sandbox up), then remove it",
        ) from error
