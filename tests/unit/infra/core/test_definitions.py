from __future__ import annotations

from typing import Any

from infra.core.definitions import as_stored


def _definition(schema: dict[str, Any]) -> dict[str, Any]:
    version = {"name": "v1", "schema": {"openAPIV3Schema": schema}}
    return {"kind": "CustomResourceDefinition", "spec": {"group": "x.example", "versions": [version]}}


def _stored(schema: dict[str, Any]) -> Any:
    return as_stored(_definition(schema))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def test_an_object_without_fields_is_written_without_an_empty_list_of_them_at_any_depth() -> None:
    empty = {"type": "object", "properties": {}}
    schema = {
        "properties": {"a": empty, "b": {"items": empty}, "c": {"additionalProperties": empty}},
        "anyOf": [empty, {"not": empty}],
    }

    bare = {"type": "object"}
    assert _stored(schema) == {
        "properties": {"a": bare, "b": {"items": bare}, "c": {"additionalProperties": bare}},
        "anyOf": [bare, {"not": bare}],
    }


def test_a_field_that_is_called_properties_stays_and_so_does_all_that_is_kept() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": [],
        "properties": {"properties": {}, "items": {"enum": [], "default": {}}},
    }

    assert _stored(schema) == schema


def test_the_definition_that_was_given_is_not_changed_and_one_without_a_schema_is_fine() -> None:
    given = _definition({"properties": {"a": {"properties": {}}}})
    given["spec"]["versions"].append({"name": "v2"})

    stored = as_stored(given)

    assert given["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["a"] == {"properties": {}}
    assert stored["spec"]["versions"][1] == {"name": "v2"}
    assert stored["spec"]["group"] == "x.example"
