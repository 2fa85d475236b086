"""The inputs of a resource type as data: what may be given, its bounds, and its name in the AWS API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sandbox.engine.provider import CheckFailure
from sandbox.engine.providers.aws.tags import pairs, unpaired
from sandbox.engine.values import UNKNOWN, Json, PropertyMap, has_unknown

Kind = Literal["string", "integer", "boolean", "json", "strings", "map", "object", "objects"]
"""`json` is a text that holds JSON; `strings` a list of texts; `map` texts by text; `objects` a list of `object`."""

_PYTHON: Mapping[str, tuple[type, str]] = {
    "string": (str, "a text"),
    "integer": (int, "a whole number"),
    "boolean": (bool, "true or false"),
    "json": (str, "a JSON text"),
    "strings": (list, "a list of texts"),
    "map": (dict, "a map of texts"),
    "object": (dict, "an object"),
    "objects": (list, "a list of objects"),
}


@dataclass(frozen=True)
class Field:
    """One input.

    Attributes:
        kind: its type.
        required: it must be given.
        replaces: AWS cannot change it, so a change replaces the resource.
        local: AWS does not keep it; it only tells the provider what to do.
        computed: AWS chooses a value when none is given, so a live value without an input is no drift.
        ordered: the order of a list means something.
        default: the value when none is given, as the real provider fills it in.
        choices: the allowed values; empty for any.
        low: the smallest allowed number.
        high: the largest allowed number.
        longest: the most characters of a text.
        pattern: what a text must match.
        paired: a map that the AWS API writes as a list of `Key` and `Value`.
        wire: its name in the AWS API, when that is not simply the name in PascalCase.
        fields: the members of an object or of each object of a list.
    """

    kind: Kind = "string"
    required: bool = False
    replaces: bool = False
    local: bool = False
    computed: bool = False
    ordered: bool = True
    default: Json = None
    choices: tuple[Json, ...] = ()
    low: int | None = None
    high: int | None = None
    longest: int | None = None
    pattern: str = ""
    paired: bool = False
    wire: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)


Fields = Mapping[str, Field]
"""Fields by their Pulumi names."""


def complete(fields: Fields, inputs: PropertyMap) -> PropertyMap:
    """Return inputs with defaults filled in, whole floats as integers and JSON objects as texts; nulls are left out."""
    known = {key: value for key, value in inputs.items() if value is not None}
    for name, spec in fields.items():
        if name in known:
            known[name] = _complete_value(spec, known[name])
        elif spec.default is not None:
            known[name] = spec.default
    return known


def _complete_value(spec: Field, value: Json) -> Json:
    if spec.kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if spec.kind == "json" and isinstance(value, dict) and not has_unknown(value):
        return json.dumps(value, separators=(",", ":"), sort_keys=True)
    if spec.kind == "object" and isinstance(value, dict):
        return complete(spec.fields, value)
    if spec.kind == "objects" and isinstance(value, list):
        return [complete(spec.fields, item) if isinstance(item, dict) else item for item in value]
    return value


def problems(fields: Fields, inputs: PropertyMap, path: str = "") -> list[CheckFailure]:
    """List what is wrong with completed inputs; unknown values are not judged."""
    found = [
        CheckFailure(path + name, "it is required; give it a value")
        for name, spec in fields.items()
        if spec.required and inputs.get(name) is None
    ]
    for name, value in inputs.items():
        if name not in fields:
            known = ", ".join(sorted(fields))
            found.append(CheckFailure(path + name, f"the embedded engine does not support it here; it knows {known}"))
        elif value is not UNKNOWN:
            found.extend(_value_problems(fields[name], value, path + name))
    return found


def _value_problems(spec: Field, value: Json, path: str) -> list[CheckFailure]:
    wanted, words = _PYTHON[spec.kind]
    if spec.kind == "json" and isinstance(value, dict):
        return []  # it holds values that only an apply knows; it becomes a text then
    if not isinstance(value, wanted) or (spec.kind == "integer" and isinstance(value, bool)):
        return [CheckFailure(path, f"it must be {words}, not {type(value).__name__}")]
    given: Json = value
    if spec.kind == "object":
        return problems(spec.fields, given, f"{path}.")
    if spec.kind == "objects":
        item_spec = Field("object", fields=spec.fields)
        return [
            problem
            for index, item in enumerate(given)
            if item is not UNKNOWN
            for problem in _value_problems(item_spec, item, f"{path}[{index}]")
        ]
    if spec.kind in ("strings", "map"):
        return _members_problems(given, path)
    reason = _scalar_reason(spec, given)
    return [CheckFailure(path, reason)] if reason else []


def _members_problems(value: Json, path: str) -> list[CheckFailure]:
    members = enumerate(value) if isinstance(value, list) else value.items()
    return [
        CheckFailure(f"{path}[{key!r}]", f"it must be a text, not {type(item).__name__}")
        for key, item in members
        if item is not UNKNOWN and not isinstance(item, str)
    ]


def _scalar_reason(spec: Field, value: Json) -> str:
    if spec.choices and value not in spec.choices:
        return f"{value!r} is not allowed; choose one of {', '.join(map(str, spec.choices))}"
    return _bound_reason(spec, value) if spec.kind == "integer" else _text_reason(spec, value)


def _bound_reason(spec: Field, value: int) -> str:
    if spec.low is not None and value < spec.low:
        return f"{value} is too small; the smallest allowed is {spec.low}"
    if spec.high is not None and value > spec.high:
        return f"{value} is too large; the largest allowed is {spec.high}"
    return ""


def _text_reason(spec: Field, value: Json) -> str:
    if spec.longest is not None and len(value) > spec.longest:
        return f"it has {len(value)} characters; at most {spec.longest} are allowed"
    if spec.pattern and not re.search(spec.pattern, value):
        return f"it does not match {spec.pattern}"
    if spec.kind == "json":
        try:
            json.loads(value)
        except ValueError as error:
            return f"it is not JSON: {error}"
    return ""


def to_wire(fields: Fields, values: PropertyMap) -> dict[str, Json]:
    """Return the AWS API's form of those values that AWS keeps."""
    return {
        spec.wire or name[0].upper() + name[1:]: _value_to_wire(spec, values[name])
        for name, spec in fields.items()
        if not spec.local and values.get(name) is not None
    }


def _value_to_wire(spec: Field, value: Json) -> Json:
    if spec.kind == "object":
        return to_wire(spec.fields, value)
    if spec.kind == "objects":
        return [to_wire(spec.fields, item) for item in value]
    return pairs(value) if spec.paired else value


def from_wire(fields: Fields, answer: Mapping[str, Json]) -> PropertyMap:
    """Return Pulumi's form of what AWS answered; members that it left out are left out."""
    found: PropertyMap = {}
    for name, spec in fields.items():
        value = answer.get(spec.wire or name[0].upper() + name[1:])
        if value is not None and not spec.local:
            found[name] = _value_from_wire(spec, value)
    return found


def _value_from_wire(spec: Field, value: Json) -> Json:
    if spec.kind == "object":
        return from_wire(spec.fields, value)
    if spec.kind == "objects":
        return [from_wire(spec.fields, item) for item in value]
    return unpaired(value) if spec.paired else value


def as_inputs(fields: Fields, inputs: PropertyMap, live: PropertyMap) -> PropertyMap:
    """Return the inputs with live values in place of theirs, so that a diff against the inputs is the drift.

    JSON texts that mean the same, and unordered lists with the same members, keep the inputs' form. A live value with
    no input counts as drift unless AWS computes it or it is empty.
    """
    found: PropertyMap = {}
    for name, spec in fields.items():
        wanted, actual = inputs.get(name), live.get(name)
        if spec.local:
            if wanted is not None:
                found[name] = wanted
        elif wanted is not None:
            if actual is None and _empty(wanted):
                found[name] = wanted  # AWS leaves empty members out of its answers
            else:
                found[name] = _as_input(spec, wanted, actual)
        elif not _empty(actual) and not spec.computed:
            found[name] = actual
    return {name: value for name, value in found.items() if value is not None}


def _empty(value: Json) -> bool:
    if isinstance(value, dict):
        return all(_empty(item) for item in value.values())
    return value in (None, "", False) or value == []


def _as_input(spec: Field, wanted: Json, actual: Json) -> Json:
    if spec.kind == "json" and isinstance(actual, str) and _same_json(wanted, actual):
        return wanted
    if spec.kind == "strings" and not spec.ordered and isinstance(actual, list) and sorted(wanted) == sorted(actual):
        return wanted
    if spec.kind == "object" and isinstance(actual, dict):
        return as_inputs(spec.fields, wanted, actual)
    if spec.kind == "objects" and isinstance(actual, list):
        return _list_as_input(spec, wanted, actual)
    return actual


def _list_as_input(spec: Field, wanted: list[Json], actual: list[Json]) -> Json:
    if not spec.ordered:
        actual = _aligned(spec, wanted, actual)
    padded = [*wanted, *({} for _ in actual)]
    return [as_inputs(spec.fields, before, item) for before, item in zip(padded, actual, strict=False)]


def _aligned(spec: Field, wanted: list[Json], actual: list[Json]) -> list[Json]:
    """Put live members that equal a wanted one at its place, and the others where there is room."""
    left = list(actual)
    places: list[Json] = []
    for item in wanted:
        match = next((live for live in left if as_inputs(spec.fields, item, live) == item), None)
        if match is not None:
            left.remove(match)
        places.append(match)
    return [place if place is not None else left.pop(0) for place in places if place is not None or left] + left


def _same_json(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return one == other
