"""Turns what pydantic finds wrong in a document into problems that a person can act on."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from infra.core.errors import ConfigurationError, Problem

Model = TypeVar("Model", bound=BaseModel)
SHOWN = 60
"""Longest value that an error repeats, in characters."""


def validate(model: type[Model], values: Mapping[str, Any], *, file: str, secret: Collection[str] = ()) -> Model:
    """Check ``values`` strictly against ``model``: no string is taken for a number, no key is ignored.

    Args:
        model: what the document must look like.
        values: the document, as plain JSON-shaped values.
        file: name of the file, for the errors.
        secret: top-level keys whose values no error may show.

    Raises:
        ConfigurationError: with every problem of the document.
    """
    try:
        return model.model_validate_json(json.dumps(dict(values), default=str), strict=True)
    except ValidationError as error:
        raise ConfigurationError(
            _problem(model, dict(detail), file=file, secret=secret)
            for detail in error.errors(include_url=False, include_context=True)
        ) from None


def closest(key: str, known: Collection[str]) -> str:
    """``Did you mean ...?`` for a misspelt key, or the list of keys that there are."""
    match = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"Did you mean {match[0]}?" if match else f"Known here: {', '.join(sorted(known)) or 'nothing'}"


def shown(value: Any) -> str:
    """A value as an error repeats it: JSON, cut when it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


def _problem(model: type[BaseModel], detail: dict[str, Any], *, file: str, secret: Collection[str]) -> Problem:
    location = tuple(part for part in detail["loc"] if not _is_branch_tag(part))
    field = ".".join(str(part) for part in location) or "the document"
    hidden = bool(location) and str(location[0]) in secret
    value = "[secret]" if hidden else shown(detail["input"])
    kind = detail["type"]
    if kind == "extra_forbidden":
        hint = closest(str(location[-1]), _keys_at(model, location[:-1]))
        return Problem(file, field, value, "unknown key", f"{hint}. Rename or remove it".replace("?.", "?"))
    if kind == "missing":
        return Problem(file, field, "missing", "required", f"Add {field} to {file}")
    about = "" if kind == "value_error" else _description(model, location)
    limit = _limit(kind, detail) + (f" ({about})" if about else "")
    return Problem(file, field, value, limit, f"Change {field} in {file}")


PLAIN_LIMITS = {
    "string_pattern_mismatch": "must match {pattern}",
    "too_short": "must have at least {min_length} entries or characters",
    "too_long": "must have at most {max_length} entries or characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "model_type": "must be a section with fields of its own",
    "dict_type": "must be a section with fields of its own",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""Where pydantic's own words are not those of somebody who edits YAML."""


def _limit(kind: str, detail: dict[str, Any]) -> str:
    if kind in PLAIN_LIMITS:
        return PLAIN_LIMITS[kind].format(**detail.get("ctx", {}))
    message = str(detail["msg"])
    return (
        message.removeprefix("Value error, ")
        if kind == "value_error"
        else f"must be {message.removeprefix('Input should be ')}"
    )


def _description(model: type[BaseModel], location: tuple[Any, ...]) -> str:
    """What the field at ``location`` is, as its model describes it."""
    current: Any = model
    description = ""
    for part in location:
        field = None if isinstance(part, int) else _field(current, part)
        if field is not None:
            description = field.description or ""
            current = _model_in(field.annotation) or current
    return description


def _is_branch_tag(part: str | int) -> bool:
    return isinstance(part, str) and part.startswith(("function-", "constrained-", "tuple["))


def _keys_at(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    """The keys that ``model`` knows at ``location``; nothing when the path leaves the models."""
    current: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        field = _field(current, part)
        if field is not None:
            current = _model_in(field.annotation) or current
    return [field.alias or name for name, field in current.model_fields.items()]


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    return next((field for name, field in model.model_fields.items() if key in (field.alias, name)), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _model_in(argument))), None)
