from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?"
)
_LONGEST: Final = 64
"""Characters of a quantity that are read; longer ones are nonsense that would take long to compute."""

_DECIMAL: Final[dict[str, int]] = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final[dict[str, int]] = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def parse_quantity(value: object) -> Decimal | None:
    """The amount that a Kubernetes quantity means, such as 0.25 for `250m`; None if it is not a quantity.

    The grammar is that of `k8s.io/apimachinery/pkg/api/resource`: a decimal number with a decimal, binary or exponent
    suffix.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        amount = Decimal(str(value))
        return amount if amount.is_finite() else None
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    if match is None:
        return None
    number = Decimal(match["sign"] + match["number"])
    suffix = match["suffix"] or ""
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    if suffix in _BINARY:
        return number * Decimal(1 << _BINARY[suffix])
    return number.scaleb(int(suffix[1:]))


def is_positive_quantity(value: object) -> bool:
    """Whether a value is a Kubernetes quantity above zero, such as `250m`, `1.5`, `64Mi` or the number 2."""
    amount = parse_quantity(value)
    return amount is not None and amount > 0
