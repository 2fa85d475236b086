"""Which files of tests begin first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.support.longest_first import LONGEST, keep_order, longest_first

TESTS = Path(__file__).parents[1]


def items(*nodeids: str) -> list[Any]:
    return [SimpleNamespace(nodeid=nodeid) for nodeid in nodeids]


def test_every_file_that_is_to_begin_first_is_there():
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []


def test_long_files_begin_first_then_those_with_most_tests_and_tests_of_a_file_stay_in_order():
    given = ["tests/a/test_a.py::x", "tests/b/test_b.py::y", "tests/b/test_b.py::x", f"tests/{LONGEST[1]}::z"]
    found = items(*given, f"tests/{LONGEST[0]}::one")
    longest_first(found)
    assert [item.nodeid for item in found] == [f"tests/{LONGEST[0]}::one", given[3], given[1], given[2], given[0]]


def test_xdist_is_told_to_keep_the_order_and_pytest_without_it_is_left_alone():
    told = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True))
    keep_order(told)  # type: ignore[arg-type]
    assert told.option.loadscopereorder is False
    alone = SimpleNamespace(option=SimpleNamespace())
    keep_order(alone)  # type: ignore[arg-type]
    assert vars(alone.option) == {}
