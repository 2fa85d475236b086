"""Turns an API server's own OpenAPI document into the strict JSON schemas that kubeconform reads."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

_PREFIX = "#/definitions/"
_INT_OR_STRING = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"


def write_schemas(openapi: dict[str, Any], folder: Path) -> int:
    """Write one self-contained schema for each built-in kind and version; returns how many.

    Unknown fields are refused wherever the document names the known ones.
    """
    definitions = {name: _strict(schema) for name, schema in openapi["definitions"].items()}
    definitions[_QUANTITY] = {"oneOf": [{"type": "string"}, {"type": "number"}]}
    written = 0
    for name, schema in openapi["definitions"].items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].split(".")[0]
            parts = [kind["kind"].lower(), *([group] if group else []), kind["version"]]
            needed = _reachable(name, definitions)
            body = {"$ref": _PREFIX + name, "definitions": {each: definitions[each] for each in needed}}
            (folder / f"{'-'.join(parts)}.json").write_text(json.dumps(body))
            written += 1
    return written


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(schema)
    _walk(result)
    return result


def _walk(schema: Any) -> None:
    if isinstance(schema, list):
        for item in schema:
            _walk(item)
    if not isinstance(schema, dict):
        return
    if schema.get("format") == "int-or-string":
        schema.clear()
        schema.update(_INT_OR_STRING)
        return
    if "properties" in schema and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    for value in list(schema.values()):
        _walk(value)


def _reachable(name: str, definitions: dict[str, Any]) -> list[str]:
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found[here] = None
        waiting.extend(_references(definitions[here]))
    return list(found)


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].removeprefix(_PREFIX)] if isinstance(schema.get("$ref"), str) else []
        return own + [name for value in schema.values() for name in _references(value)]
    if isinstance(schema, list):
        return [name for item in schema for name in _references(item)]
    return []
