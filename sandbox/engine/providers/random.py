# ruff: noqa: ARG002  # the provider protocol decides the parameters
"""Random values of the embedded engine: generated once from the system's source of randomness and kept in the state."""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sandbox.engine.diff import Change
from sandbox.engine.provider import Checked, CheckFailure, Created, Live, Operation, Preview, Target
from sandbox.engine.providers.aws.fields import Field, Fields, complete, problems
from sandbox.engine.values import UNKNOWN, Json, PropertyMap

SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
"""The special characters of passwords and strings, as the SDK documents them."""

_KEEPERS: Fields = {"keepers": Field("map", replaces=True)}

_FLAG = Field("boolean", replaces=True, default=True)

_LEAST = Field("integer", replaces=True, default=0, low=0)

_TEXT: Fields = {
    "length": Field("integer", required=True, replaces=True, low=1),
    "overrideSpecial": Field(replaces=True),
    # `number` is the old name of `numeric`; each follows the other.
    **dict.fromkeys(("lower", "upper", "special"), _FLAG),
    **dict.fromkeys(("numeric", "number"), Field("boolean", replaces=True)),
    **dict.fromkeys(("minLower", "minUpper", "minNumeric", "minSpecial"), _LEAST),
    **_KEEPERS,
}


@dataclass(frozen=True)
class _Type:
    """One type: its inputs, and how its id and further outputs are made from them."""

    fields: Fields
    results: tuple[str, ...]
    make: Callable[[PropertyMap], tuple[str, PropertyMap]]
    judge: Callable[[PropertyMap], list[CheckFailure]] = lambda _: []
    secrets: frozenset[str] = frozenset()
    absent: Mapping[str, str] = field(default_factory=dict)


def _classes(inputs: PropertyMap) -> list[tuple[bool, int, str]]:
    """Return, for each class of characters, whether it is allowed, how many must be, and which they are."""
    return [
        (inputs["numeric"], inputs["minNumeric"], string.digits),
        (inputs["lower"], inputs["minLower"], string.ascii_lowercase),
        (inputs["upper"], inputs["minUpper"], string.ascii_uppercase),
        (inputs["special"], inputs["minSpecial"], inputs.get("overrideSpecial") or SPECIAL),
    ]


def _text(inputs: PropertyMap) -> str:
    classes = _classes(inputs)
    every = "".join(characters for allowed, _, characters in classes if allowed)
    chosen = [secrets.choice(characters) for _, least, characters in classes for _ in range(least)]
    chosen += [secrets.choice(every) for _ in range(inputs["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _judge_text(inputs: PropertyMap) -> list[CheckFailure]:
    names = ("length", "minLower", "minUpper", "minNumeric", "minSpecial", "lower", "upper", "numeric", "special")
    if any(inputs.get(name) is UNKNOWN for name in names):
        return []
    if inputs["numeric"] != inputs["number"]:
        return [CheckFailure("number", "it contradicts numeric, its newer name; give only numeric")]
    least = sum(count for _, count, _ in _classes(inputs))
    if inputs["length"] < least:
        reason = f"{inputs['length']} is less than the {least} characters that minLower, minUpper, minNumeric and"
        return [CheckFailure("length", f"{reason} minSpecial ask for; raise it or lower them")]
    if not any(allowed for allowed, _, _ in _classes(inputs)):
        return [CheckFailure("lower", "lower, upper, numeric and special are all false; set one to true")]
    return []


def _make_password(inputs: PropertyMap) -> tuple[str, PropertyMap]:
    return "none", {"result": _text(inputs)}


def _make_string(inputs: PropertyMap) -> tuple[str, PropertyMap]:
    result = _text(inputs)
    return result, {"result": result}


def _make_id(inputs: PropertyMap) -> tuple[str, PropertyMap]:
    value = secrets.token_bytes(inputs["byteLength"])
    id = base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    forms = {
        "b64Std": base64.b64encode(value).decode(),
        "b64Url": id,
        "dec": str(int.from_bytes(value, "big")),
        "hex": value.hex(),
    }
    return id, {name: inputs.get("prefix", "") + form for name, form in forms.items()}


def _make_bytes(inputs: PropertyMap) -> tuple[str, PropertyMap]:
    value = secrets.token_bytes(inputs["length"])
    return "none", {"base64": base64.b64encode(value).decode(), "hex": value.hex()}


def _make_uuid(_: PropertyMap) -> tuple[str, PropertyMap]:
    result = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    return result, {"result": result}


def _make_integer(inputs: PropertyMap) -> tuple[str, PropertyMap]:
    result = inputs["min"] + secrets.randbelow(inputs["max"] - inputs["min"] + 1)
    return str(result), {"result": result}


def _judge_integer(inputs: PropertyMap) -> list[CheckFailure]:
    low, high = inputs["min"], inputs["max"]
    if UNKNOWN not in (low, high) and high < low:
        return [CheckFailure("max", f"{high} is less than min, which is {low}")]
    return []


def _make_shuffle(inputs: PropertyMap) -> tuple[str, PropertyMap]:
    wanted = inputs.get("resultCount", len(inputs["inputs"]))
    results: list[Json] = []
    while len(results) < wanted and inputs["inputs"]:
        results += secrets.SystemRandom().sample(inputs["inputs"], len(inputs["inputs"]))
    return "-", {"results": results[:wanted]}


_TYPES: Final[Mapping[str, _Type]] = {
    "random:index/randomPassword:RandomPassword": _Type(
        _TEXT,
        ("result",),
        _make_password,
        _judge_text,
        secrets=frozenset({"result", "bcryptHash"}),
        absent={"bcryptHash": "hash `result` where the hash is needed; the embedded engine has no bcrypt"},
    ),
    "random:index/randomString:RandomString": _Type(_TEXT, ("result",), _make_string, _judge_text),
    "random:index/randomId:RandomId": _Type(
        {
            "byteLength": Field("integer", required=True, replaces=True, low=1),
            "prefix": Field(replaces=True),
            **_KEEPERS,
        },
        ("b64Std", "b64Url", "dec", "hex"),
        _make_id,
    ),
    "random:index/randomBytes:RandomBytes": _Type(
        {"length": Field("integer", required=True, replaces=True, low=1), **_KEEPERS},
        ("base64", "hex"),
        _make_bytes,
        secrets=frozenset({"base64", "hex"}),
    ),
    "random:index/randomUuid:RandomUuid": _Type(_KEEPERS, ("result",), _make_uuid),
    "random:index/randomInteger:RandomInteger": _Type(
        {
            "min": Field("integer", required=True, replaces=True),
            "max": Field("integer", required=True, replaces=True),
            **_KEEPERS,
        },
        ("result",),
        _make_integer,
        _judge_integer,
    ),
    "random:index/randomShuffle:RandomShuffle": _Type(
        {
            "inputs": Field("strings", required=True, replaces=True),
            "resultCount": Field("integer", replaces=True, low=0),
            **_KEEPERS,
        },
        ("results",),
        _make_shuffle,
    ),
}
"""The types by token. Those that need the real provider's word lists or seeded generator are not among them."""


class RandomProvider:
    """Generates values; nothing outside the state holds them, so deleting and reading ask nobody."""

    def supports(self, type: str) -> bool:
        """Tell whether the type is one of those served."""
        return type in _TYPES

    def secret_outputs(self, type: str) -> frozenset[str]:
        """Return the outputs that are always secret."""
        return _TYPES[type].secrets

    def absent_outputs(self, type: str) -> Mapping[str, str]:
        """Return the SDK's properties that are never outputs here, each with what to do instead."""
        return _TYPES[type].absent

    def check(self, target: Target, inputs: PropertyMap, old_inputs: PropertyMap | None) -> Checked:
        """Validate inputs and fill in defaults."""
        about = _TYPES[target.type]
        completed = complete(about.fields, inputs)
        if "numeric" in about.fields:
            digits = completed.get("numeric", completed.get("number", True))
            completed = {"numeric": digits, "number": digits, **completed}
        failures = problems(about.fields, completed)
        return Checked(completed, failures or about.judge(completed))

    def replaces(
        self, target: Target, changes: Sequence[Change], old_inputs: PropertyMap, new_inputs: PropertyMap
    ) -> set[str]:
        """Return every change: another input is another value."""
        return {change.text for change in changes}

    def delete_before_replace(self, target: Target, old_inputs: PropertyMap, new_inputs: PropertyMap) -> bool:
        """Return False: two values never collide."""
        return False

    def preview_create(self, target: Target, inputs: PropertyMap) -> Preview:
        """Say what a creation would leave."""
        return Preview({**inputs, **dict.fromkeys(_TYPES[target.type].results, UNKNOWN)}, "offline")

    def preview_update(
        self, target: Target, id: str, outputs: PropertyMap, old_inputs: PropertyMap, new_inputs: PropertyMap
    ) -> Preview:
        """Say what an update would leave: the value as it is."""
        return Preview({**outputs, **new_inputs}, "offline")

    def create(self, target: Target, inputs: PropertyMap, operation: Operation) -> Created:
        """Generate the value."""
        id, results = _TYPES[target.type].make(inputs)
        return Created(id, {**inputs, **results})

    def update(
        self,
        target: Target,
        id: str,
        outputs: PropertyMap,
        old_inputs: PropertyMap,
        new_inputs: PropertyMap,
        operation: Operation,
    ) -> PropertyMap:
        """Keep the value."""
        return {**outputs, **new_inputs}

    def delete(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap, operation: Operation) -> None:
        """Do nothing: the state is the only place."""

    def read(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap) -> Live:
        """Return what the state has: nobody else can change it."""
        return Live(inputs, outputs)

    def recover(self, target: Target, inputs: PropertyMap, nonce: str) -> Created | None:
        """Return None: a value that did not reach the state reached nothing else either."""
        return None

    def close(self) -> None:
        """Do nothing: there is no connection."""
