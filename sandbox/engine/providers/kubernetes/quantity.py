"""Kubernetes quantities, compared by value: `1000m` is `1`, `1024Mi` is `1Gi`."""

from __future__ import annotations

import re
from decimal import Decimal

from sandbox.engine.values import Json

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?")
_SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
"""The suffixes of apimachinery's `resource.Quantity`."""


def parse_quantity(value: Json) -> Decimal | None:
    """Return the value of a quantity (a text or a number); None when it is none.

    >>> parse_quantity("1Gi") == parse_quantity("1024Mi")
    True
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    return Decimal(number + (exponent or "")) * _SUFFIXES[suffix or ""]


def same_quantity(one: Json, other: Json) -> bool:
    """Tell whether both are quantities of one value."""
    left = parse_quantity(one)
    return left is not None and left == parse_quantity(other)
