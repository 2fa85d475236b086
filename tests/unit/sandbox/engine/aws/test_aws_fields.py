from typing import Any

import pytest

from sandbox.engine.providers.aws.fields import Field, as_inputs, complete, from_wire, problems, to_wire
from sandbox.engine.values import UNKNOWN

FIELDS = {
    "name": Field(required=True, longest=5, pattern=r"^[a-z]+$"),
    "days": Field("integer", low=1, high=9),
    "kind": Field(default="A", choices=("A", "B")),
    "on": Field("boolean"),
    "policy": Field("json"),
    "labels": Field("map", paired=True),
    "zones": Field("strings", ordered=False),
    "inner": Field("object", fields={"sseId": Field(required=True, wire="SSEId")}),
    "rules": Field("objects", ordered=False, fields={"id": Field(required=True), "on": Field("boolean")}),
    "force": Field("boolean", local=True),
    "arnish": Field(computed=True),
}


def test_defaults_are_filled_in_and_nulls_left_out() -> None:
    assert complete(FIELDS, {"name": "a", "on": None}) == {"name": "a", "kind": "A"}


def test_whole_floats_become_integers_and_objects_become_json_texts() -> None:
    completed = complete(FIELDS, {"name": "a", "days": 3.0, "policy": {"b": 1, "a": [2]}})
    assert completed["days"] == 3
    assert type(completed["days"]) is int
    assert completed["policy"] == '{"a":[2],"b":1}'


def test_a_policy_with_an_unknown_part_stays_an_object_until_the_part_is_known() -> None:
    completed = complete(FIELDS, {"name": "a", "policy": {"arn": UNKNOWN}})
    assert completed["policy"] == {"arn": UNKNOWN}
    assert problems(FIELDS, completed) == []


@pytest.mark.parametrize(
    ("inputs", "where", "reason"),
    [
        ({}, "name", "it is required; give it a value"),
        ({"name": 5}, "name", "it must be a text, not int"),
        ({"name": "abcdef"}, "name", "it has 6 characters; at most 5 are allowed"),
        ({"name": "A"}, "name", "it does not match ^[a-z]+$"),
        ({"name": "a", "days": 0}, "days", "0 is too small; the smallest allowed is 1"),
        ({"name": "a", "days": 10}, "days", "10 is too large; the largest allowed is 9"),
        ({"name": "a", "days": True}, "days", "it must be a whole number, not bool"),
        ({"name": "a", "days": 1.5}, "days", "it must be a whole number, not float"),
        ({"name": "a", "kind": "C"}, "kind", "'C' is not allowed; choose one of A, B"),
        ({"name": "a", "on": "true"}, "on", "it must be true or false, not str"),
        ({"name": "a", "policy": "{"}, "policy", "it is not JSON: Expecting property name"),
        ({"name": "a", "labels": {"x": 1}}, "labels['x']", "it must be a text, not int"),
        ({"name": "a", "zones": [1]}, "zones[0]", "it must be a text, not int"),
        ({"name": "a", "inner": {}}, "inner.sseId", "it is required; give it a value"),
        ({"name": "a", "rules": [{"id": "x"}, {"on": True}]}, "rules[1].id", "it is required; give it a value"),
        ({"name": "a", "rules": ["x"]}, "rules[0]", "it must be an object, not str"),
        ({"name": "a", "wrong": 1}, "wrong", "the embedded engine does not support it here; it knows arnish, days"),
    ],
)
def test_a_wrong_input_is_named_with_its_limit(inputs: dict[str, Any], where: str, reason: str) -> None:
    (problem,) = problems(FIELDS, inputs)
    assert problem.property == where
    assert problem.reason.startswith(reason)


def test_unknown_values_are_not_judged() -> None:
    inputs = {"name": UNKNOWN, "days": UNKNOWN, "rules": [UNKNOWN], "zones": [UNKNOWN], "inner": UNKNOWN}
    assert problems(FIELDS, inputs) == []


def test_the_api_form_and_back_is_the_same() -> None:
    inputs = {"name": "a", "labels": {"k": "v"}, "inner": {"sseId": "x"}, "rules": [{"id": "r"}], "force": True}
    wire = to_wire(FIELDS, inputs)
    assert wire == {
        "Name": "a",
        "Labels": [{"Key": "k", "Value": "v"}],
        "Inner": {"SSEId": "x"},
        "Rules": [{"Id": "r"}],
    }
    assert from_wire(FIELDS, wire) == {key: value for key, value in inputs.items() if key != "force"}


def test_json_that_means_the_same_and_reordered_sets_are_no_drift() -> None:
    inputs = {
        "policy": '{"a": 1, "b": 2}',
        "zones": ["x", "y"],
        "rules": [{"id": "1", "on": False}, {"id": "2"}],
        "force": True,
    }
    live = {
        "policy": '{"b":2,"a":1}',
        "zones": ["y", "x"],
        "rules": [{"id": "2"}, {"id": "1"}],
        "arnish": "computed",
        "on": False,
    }
    assert as_inputs(FIELDS, inputs, live) == inputs


def test_what_somebody_added_changed_or_removed_is_drift() -> None:
    inputs = {"days": 3, "rules": [{"id": "1"}], "zones": ["x"], "inner": {"sseId": "x"}}
    live = {"days": 4, "rules": [{"id": "1"}, {"id": "2"}], "on": True, "inner": {"sseId": "y"}}
    assert as_inputs(FIELDS, inputs, live) == {
        "days": 4,
        "rules": [{"id": "1"}, {"id": "2"}],
        "on": True,
        "inner": {"sseId": "y"},
    }


def test_empty_members_that_aws_leaves_out_or_fills_in_are_no_drift() -> None:
    fields = {"rules": Field("objects", fields={"id": Field(), "filter": Field("object", fields={"prefix": Field()})})}
    without, empty = {"rules": [{"id": "1"}]}, {"rules": [{"id": "1", "filter": {"prefix": ""}}]}
    assert as_inputs(fields, without, empty) == without
    assert as_inputs(fields, empty, without) == empty
    assert as_inputs(fields, empty, {"rules": [{"id": "1", "filter": {"prefix": "a"}}]}) != empty
