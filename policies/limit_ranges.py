from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from policies.amounts import amount_at
from policies.kinds import GroupKind
from policies.model import Resource
from policies.node import Node

LIMIT_RANGE: Final[GroupKind] = ("core", "LimitRange")


def entries_of(limit_range: Resource, kind: str) -> Iterator[Node]:
    """The entries of a LimitRange about one type of thing, `Container`, `Pod` or `PersistentVolumeClaim`."""
    for entry in limit_range.root.at("spec", "limits").items():
        if entry["type"].text() == kind:
            yield entry


def container_defaults(limit_ranges: Iterable[Resource]) -> dict[str, Decimal]:
    """What containers get that say nothing, by the names of a ResourceQuota.

    Raises:
        UnknownValueError: If something about it is not known yet.
    """
    found: dict[str, Decimal] = {}
    for limit_range in limit_ranges:
        for entry in entries_of(limit_range, "Container"):
            found.update(_defaults(entry))
    return found


def _defaults(entry: Node) -> Iterator[tuple[str, Decimal]]:
    for resource in ("cpu", "memory"):
        limit = amount_at(entry["default"][resource])
        request = amount_at(entry["defaultRequest"][resource])
        if limit is not None:
            yield f"limits.{resource}", limit
        # Without a default request the API server takes the default limit.
        if request is not None or limit is not None:
            yield f"requests.{resource}", request if request is not None else limit or Decimal(0)
