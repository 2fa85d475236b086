"""Amounts of CPU, memory, storage and pieces in a resource, to add, to compare and to show."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from policies.node import Node
from policies.quantities import parse_quantity

_UNITS: Final = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def amount_at(node: Node) -> Decimal | None:
    """The quantity at a place in cores, bytes or pieces, or None if there is none.

    Raises:
        UnknownValueError: If it is not known yet.
    """
    return parse_quantity(node.value())


def shown_amount(resource: str, value: Decimal) -> str:
    """An amount for people: bytes in TiB, GiB or MiB, cores and pieces as they are.

    Args:
        resource: What it is an amount of, such as `limits.memory`.
        value: The amount in cores, bytes or pieces.
    """
    if "memory" in resource or "storage" in resource:
        for unit, size in _UNITS:
            if abs(value) >= size:
                return f"{value / size:.1f}".removesuffix(".0") + unit
    return f"{value.normalize():f}"
