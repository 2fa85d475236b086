from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sandbox.engine.providers.kubernetes.quantity import parse_quantity, same_quantity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000m", "1"),
        ("1", 1),
        ("0.5", "500m"),
        (0.5, "500m"),
        ("1Gi", "1024Mi"),
        ("2048Mi", "2Gi"),
        ("1k", "1000"),
        ("1e3", "1k"),
        ("1E", "1e18"),
        (".5", "0.5"),
        ("100n", "0.1u"),
    ],
)
def test_quantities_of_one_value_are_the_same(one: Any, other: Any) -> None:
    assert same_quantity(one, other)


@pytest.mark.parametrize(("one", "other"), [("1G", "1Gi"), ("1", "1m"), ("fast", "fast"), (True, 1), (None, None)])
def test_other_values_are_not(one: Any, other: Any) -> None:
    assert not same_quantity(one, other)


def test_what_is_no_quantity_has_no_value() -> None:
    assert parse_quantity("1 Gi") is None
    assert parse_quantity("") is None
    assert parse_quantity({"a": 1}) is None
    assert parse_quantity("-1Ki") == Decimal(-1024)
