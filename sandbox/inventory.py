from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws.contents import aws_contents
from sandbox.control_plane.contents import cluster_contents
from sandbox.control_plane.endpoints import Endpoints
from sandbox.control_plane.lifecycle import admin_client


@dataclass(frozen=True)
class Inventory:
    """What a sandbox holds, as lines with the number of things that each stands for.

    Two inventories are equal when the same things are there, whatever their content and their random names are.

    Attributes:
        cluster: The objects of the API server.
        aws: What the AWS API holds.
    """

    cluster: dict[str, int] = field(default_factory=dict)
    aws: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, cluster: Iterable[str], aws: Iterable[str]) -> "Inventory":
        """An inventory of lines."""
        return cls(cluster=dict(sorted(Counter(cluster).items())), aws=dict(sorted(Counter(aws).items())))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but what the sandbox itself made."""
        return not self.cluster and not self.aws

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {"cluster": self.cluster, "aws": self.aws}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Inventory":
        """Read the JSON form.

        Raises:
            KeyError: A part is missing.
        """
        return cls(cluster=dict(data["cluster"]), aws=dict(data["aws"]))


def inventory(endpoints: Endpoints) -> Inventory:
    """List what a running sandbox holds; what is left out is said at ``cluster_contents`` and ``aws_contents``.

    Raises:
        SandboxError: The API server or the AWS API does not answer.
    """
    client = admin_client(endpoints, timeout=30.0)
    try:
        return Inventory.of(cluster_contents(client), aws_contents(endpoints.moto_url))
    finally:
        client.close()


def diff(before: Inventory, after: Inventory) -> list[str]:
    """What differs between two inventories, one line each: ``+`` is there now, ``-`` is gone; empty when equal."""
    lines = []
    for then, now in ((before.cluster, after.cluster), (before.aws, after.aws)):
        for line in sorted(then.keys() | now.keys()):
            change = now.get(line, 0) - then.get(line, 0)
            if change:
                times = f" ({abs(change)} of them)" if abs(change) > 1 else ""
                lines.append(f"{'+' if change > 0 else '-'} {line}{times}")
    return lines
