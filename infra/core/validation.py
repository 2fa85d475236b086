"""Turns what pydantic finds wrong in a document into problems that a person can act on."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

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
    limit = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return Problem(
        file, field, value, f"must be {limit}" if limit[:4] != "must" else limit, f"Change {field} in {file}"
    )


def _is_branch_tag(part: str | int) -> bool:
    return isinstance(part, str) and part.startswith(("function-", "constrained-", "tuple["))


def _keys_at(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    """The keys that ``model`` knows at ``location``; nothing when the path leaves the models."""
    current: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        field = next((f for name, f in current.model_fields.items() if part in (f.alias, name)), None)
        if field is not None:
            current = _model_in(field.annotation) or current
    return [field.alias or name for name, field in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _model_in(argument))), None)
