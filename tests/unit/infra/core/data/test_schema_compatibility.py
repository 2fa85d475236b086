from typing import Any

import pytest

from infra.core.data.avro import avro_schema
from infra.core.data.compatibility import Compatibility, breaks
from infra.core.data.dataset import Column
from infra.core.data.subjects import subject_breaks
from infra.stacks.files import read_catalog


def record(**types: str) -> dict[str, Any]:
    """A record whose fields have these types; a question mark at the end of a type makes the field nullable."""
    columns = [
        Column.model_validate(
            {
                "name": name,
                "type": column_type.removesuffix("?"),
                "class": "internal",
                "nullable": column_type.endswith("?"),
                "description": "field of a test",
            }
        )
        for name, column_type in types.items()
    ]
    return avro_schema("record", "a record of a test", columns)


OLD = record(a="string", b="int32")

CASES = [
    ("nothing changes", record(a="string", b="int32"), True, True),
    ("fields change places", record(b="int32", a="string"), True, True),
    ("a nullable field is added", record(a="string", b="int32", c="string?"), True, True),
    ("a field is added that every record must have", record(a="string", b="int32", c="string"), False, True),
    ("a field is removed", record(a="string"), True, False),
    ("a field becomes nullable", record(a="string", b="int32?"), True, False),
    ("an integer becomes longer", record(a="string", b="int64"), True, False),
    ("an integer becomes a text", record(a="string", b="string"), False, False),
    ("a text becomes a decimal", record(a="decimal(4,2)", b="int32"), False, False),
    ("a text becomes a list of texts", record(a="list<string>", b="int32"), False, False),
]


@pytest.mark.parametrize(("change", "new", "backward", "forward"), CASES, ids=[case[0] for case in CASES])
def test_a_change_is_compatible_the_ways_that_avro_resolves(
    change: str, new: dict[str, Any], backward: bool, forward: bool
):
    assert (not breaks(OLD, new, "backward")) == backward
    assert (not breaks(OLD, new, "forward")) == forward
    assert (not breaks(OLD, new, "full")) == (backward and forward)
    assert breaks(OLD, new, "none") == ()


def test_a_break_names_the_field_the_reason_and_the_fix():
    found = breaks(OLD, record(a="string", b="string", c="date"), "backward")
    assert [each.field for each in found] == ["b", "c"]
    assert str(found[0]) == (
        "b: readers of the new schema cannot read records already written: int is read as string. "
        "Keep the type; add a field under another name instead"
    )
    assert "they have no c, and it has no default" in found[1].reason
    assert "Make it nullable" in found[1].fix


def test_precision_and_scale_of_a_decimal_are_kept():
    old, new = record(a="decimal(12,4)"), record(a="decimal(14,4)")
    assert "decimal(12,4) is read as decimal(14,4)" in breaks(old, new, "backward")[0].reason
    assert breaks(old, old, "full") == ()


def test_items_of_lists_are_compared():
    assert breaks(record(a="list<int32>"), record(a="list<int64>"), "backward") == ()
    assert [each.field for each in breaks(record(a="list<int64>"), record(a="list<int32>"), "backward")] == ["a[]"]


def test_a_field_that_was_nullable_stays_so():
    found = breaks(record(a="string?"), record(a="string"), "backward")
    assert [each.field for each in found] == ["a"]
    assert "null is read as string" in found[0].reason


def test_a_record_keeps_its_name():
    new = OLD | {"name": "other"}
    assert [each.field for each in breaks(OLD, new, "backward")] == ["the record"]


@pytest.mark.parametrize("mode", ["backward", "forward", "full"])
def test_every_schema_may_follow_itself(mode: Compatibility):
    wide = record(a="string?", b="list<float64>", c="decimal(10,2)?", d="uuid", e="timestamp", f="date?")
    assert breaks(wide, wide, mode) == ()


def test_a_breaking_change_of_a_topic_names_its_subject_and_the_field():
    topics = read_catalog().topics
    assert subject_breaks(topics, topics) == {}
    outages = topics["OUTAGES"]
    columns = tuple(
        each.model_copy(update={"type": "string"}) if each.name == "capacity" else each for each in outages.columns
    )
    for layout in ("avro", "json"):
        changed = outages.model_copy(update={"columns": columns, "format": layout, "compatibility": "none"})
        found = subject_breaks(topics, {**topics, "OUTAGES": changed})
        assert {name: [each.field for each in reasons] for name, reasons in found.items()} == {
            "OUTAGES-value": ["capacity"]
        }
    assert subject_breaks({}, topics) == {}
