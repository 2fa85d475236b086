from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.engine import wire
from sandbox.engine.deletion import in_order, taken_along_by
from sandbox.engine.diff import covered, diff
from sandbox.engine.goal import UnsupportedError, seconds
from sandbox.engine.secrecy import annotate
from sandbox.engine.state.record import Record
from sandbox.engine.values import UNKNOWN, Secret, format_path, get_path, mask, parse_path, reveal

KEYS = st.text(min_size=1, max_size=6)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
MAPS = st.dictionaries(KEYS, PLAIN | PLAIN.map(Secret) | st.just(UNKNOWN), max_size=4)


@given(MAPS)
def test_properties_survive_the_wire(properties: dict[str, Any]) -> None:
    found = wire.decode(wire.encode(properties))
    assert found == properties
    assert diff(reveal(found), reveal(found)) == diff(reveal(properties), reveal(properties))


@given(st.lists(KEYS.filter(lambda key: key != "*") | st.integers(0, 99), min_size=1, max_size=4))
def test_paths_survive_being_written(path: list[str | int]) -> None:
    assert parse_path(format_path(tuple(path))) == tuple(path)


@pytest.mark.parametrize("text", ["a[", 'a["b', "a[0"])
def test_a_path_that_does_not_close_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        parse_path(text)


@given(PLAIN, PLAIN)
def test_equal_values_have_no_difference_and_each_difference_is_at_its_path(old: Any, new: Any) -> None:
    assert diff({"a": old}, {"a": old}) == []
    for change in diff({"a": old}, {"a": new}):
        assert get_path({"a": old}, change.path) == change.old
        assert get_path({"a": new}, change.path) == change.new


def test_what_is_unknown_differs_from_everything_also_from_itself() -> None:
    assert diff({"a": UNKNOWN}, {"a": UNKNOWN})
    assert diff({"a": 1}, {"a": Secret(UNKNOWN)})


def test_becoming_secret_is_no_difference_and_secrets_are_masked() -> None:
    assert diff({"a": "x"}, {"a": Secret("x")}) == []
    assert mask({"a": Secret("x"), "b": [UNKNOWN, 1]}) == {"a": "[secret]", "b": ["[unknown]", 1]}


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("spec", ("spec", "a"), True),
        ("spec.a", ("spec",), True),
        ("spec.*.b", ("spec", "x", "b", "c"), True),
        ("*", ("anything",), True),
        ("spec.b", ("spec", "a"), False),
        ("rows[0]", ("rows", 1), False),
    ],
)
def test_patterns_cover_what_they_name_its_parents_and_its_parts(pattern: str, path: Any, expected: bool) -> None:
    assert covered([pattern], path) == expected


def test_marks_follow_places_and_names_and_never_nest() -> None:
    marked = {"a": Secret(1), "deep": {"b": Secret("x")}, "list": [1, Secret(2)]}
    plain = {"a": 9, "deep": {"b": "y", "c": 1}, "list": [1, 2, 3], "named": {"x": Secret(5)}, "none": None}
    assert annotate(plain, marked, ["named", "none"]) == {
        "a": Secret(9),
        "deep": {"b": Secret("y"), "c": 1},
        "list": [1, Secret(2), 3],
        "named": Secret({"x": 5}),
        "none": None,
    }


@pytest.mark.parametrize(
    ("text", "expected"), [("", None), ("90s", 90), ("1h30m", 5400), ("1.5m", 90), ("250ms", 0.25)]
)
def test_durations_are_read_as_go_writes_them(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["90", "s", "5 minutes", "1d"])
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedError, match="write it as 90s"):
        seconds(text)


def chain(*links: tuple[str, str]) -> dict[str, Record]:
    return {
        name: Record(name, "t", custom=True, dependencies=(needed,), sequence=index)
        for index, (name, needed) in enumerate(links)
    }


def test_dependents_are_deleted_before_what_they_depend_on_and_a_circle_does_not_hang() -> None:
    assert [item.urn for item in in_order(chain(("a", ""), ("b", "a"), ("c", "b")))] == ["c", "b", "a"]
    assert {item.urn for item in in_order(chain(("a", "b"), ("b", "a")))} == {"a", "b"}


def test_what_was_replaced_waits_for_dependents_and_takes_nothing_along() -> None:
    records = {
        "nonce": Record("base", "t", custom=True),
        "leaf": Record("leaf", "t", custom=True, dependencies=("base",)),
        "room": Record("room", "t", custom=True, deleted_with="base"),
    }
    order = in_order(records)
    assert order.index(records["leaf"]) < order.index(records["nonce"])
    assert taken_along_by("room", records) == ""
