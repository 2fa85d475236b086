from __future__ import annotations

import re

_QUANTITY = re.compile(r"\+?(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?")


def is_positive_quantity(value: object) -> bool:
    """Whether a value is a Kubernetes quantity above zero, such as `250m`, `1.5`, `64Mi` or the number 2.

    The grammar is that of `k8s.io/apimachinery/pkg/api/resource`: a decimal number with a decimal, binary or exponent
    suffix.
    """
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return value > 0
    if not isinstance(value, str):
        return False
    match = _QUANTITY.fullmatch(value)
    return match is not None and float(match["number"]) > 0
