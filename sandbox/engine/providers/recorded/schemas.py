"""Inputs of a Pulumi AWS resource held against the CloudFormation schema of its type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any, get_args

from sandbox.engine.provider import CheckFailure
from sandbox.engine.providers.recorded.listing import RecordedType
from sandbox.engine.providers.recorded.outputs import declared
from sandbox.engine.values import UNKNOWN, Json, Path, PropertyMap, format_path, get_path


@cache
def schema_of(cloudformation_type: str, region: str) -> Mapping[str, Any]:
    """Return the schema that cfn-lint carries for a type.

    Raises:
        ValueError: there is none in this region.
    """
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415 it takes three seconds to import

    try:
        schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, cloudformation_type).schema
    except Exception as error:
        raise ValueError(f"cfn-lint has no schema of {cloudformation_type} in {region}: {error}") from error
    return schema


def create_only(recorded: RecordedType, region: str) -> frozenset[str]:
    """Return the top-level CloudFormation properties that cannot be changed."""
    paths = schema_of(recorded.schema, region).get("createOnlyProperties") or ()
    return frozenset(path.removeprefix("/properties/").partition("/")[0] for path in paths)


def cloudformation_name(recorded: RecordedType, region: str, name: str) -> str:
    """Return CloudFormation's name of a top-level Pulumi property, or its path where it is nested."""
    if name in recorded.names:
        return recorded.names[name]
    return _matching(schema_of(recorded.schema, region).get("properties", {}), name, {})


def failures(recorded: RecordedType, region: str, inputs: PropertyMap) -> list[CheckFailure]:
    """List what the schema finds wrong with inputs; what depends on unknown values is not judged."""
    from cfnlint.jsonschema import StandardValidator  # noqa: PLC0415 it takes three seconds to import
    from cfnlint.schema.resolver import RefResolver  # noqa: PLC0415

    schema = dict(schema_of(recorded.schema, region))
    document: dict[str, Json] = dict(recorded.assumed)
    rewriting = _Rewriting(schema, recorded.nested, recorded.local)
    for name, value in inputs.items():
        if name not in recorded.local and name not in ("tagsAll", "region") and value is not None:
            wire = _steps(cloudformation_name(recorded, region, name))
            spec = _at(schema, wire)
            written = str(value) if spec.get("type") == "string" and _is_count(recorded, name, value) else value
            _place(document, wire, rewriting.of(written, spec, wire, (name,)))
    validator = StandardValidator({}).evolve(schema=schema, resolver=RefResolver.from_schema(schema))
    return [
        CheckFailure(_place_of(rewriting, path) or recorded.type, f"{message} (schema of {recorded.schema})")
        for path, message in _judged(validator.iter_errors(document), document)
    ]


def _judged(errors: Iterator[Any], document: Json) -> Iterator[tuple[Path, str]]:
    for error in errors:
        path = tuple(error.path)
        if get_path(document, path) is UNKNOWN or error.instance is UNKNOWN:
            continue
        if error.validator == "uniqueItems" and any(item is UNKNOWN for item in error.instance):
            continue
        yield path, str(error.message)


def _is_count(recorded: RecordedType, name: str, value: Json) -> bool:
    """Tell whether a value is a number that the SDK asks for; CloudFormation writes some of these as texts."""
    annotation = declared(recorded.type).get(name)
    return type(value) is int and int in (annotation, *get_args(annotation))


def _place_of(rewriting: _Rewriting, path: Path) -> str:
    return format_path(_origin(rewriting.origins, path))


def _steps(text: str) -> Path:
    return tuple(int(step) if step.isdigit() else step for step in text.split("/"))


def _at(schema: Mapping[str, Any], steps: Path) -> Mapping[str, Any]:
    spec = schema
    for step in steps:
        spec = _resolved(spec.get("items" if isinstance(step, int) else "properties", {}), schema)
        spec = spec if isinstance(step, int) else spec.get(step, {})
        spec = _resolved(spec, schema)
    return spec


def _place(document: dict[str, Json], steps: Path, value: Json) -> None:
    place: Any = document
    for step, following in pairwise(steps):
        empty: Json = [{}] if isinstance(following, int) else {}
        place = place[step] if isinstance(step, int) else place.setdefault(step, empty)
    place[steps[-1]] = value


@dataclass(frozen=True)
class _Rewriting:
    """How a Pulumi value becomes one of the schema, and where each part of the result came from."""

    schema: Mapping[str, Any]
    nested: Mapping[str, str]
    local: tuple[str, ...]
    origins: dict[Path, Path] = field(default_factory=dict)

    def of(self, value: Json, spec: Mapping[str, Any], path: Path, origin: Path) -> Json:
        """Rewrite names and shapes to the schema's.

        A map of tags or dimensions becomes a list of pairs. Where the schema has a list of sections, a single one of
        Pulumi's becomes a list, and plain values become sections of the one property; where it has a section, a list
        of a single one becomes that. A list of CloudFront's says how long it is. The SDK writes some truth values and
        numbers as texts.
        """
        spec = _resolved(spec, self.schema)
        self.origins[path] = origin
        items = _resolved(spec.get("items", {}), self.schema)
        if isinstance(value, list) and len(value) == 1 and "properties" in spec:
            return self.of(value[0], spec, path, (*origin, 0))
        if isinstance(value, dict) and spec.get("type") == "array":
            return self._listed(value, items, path, origin)
        if isinstance(value, dict) and "properties" in spec:
            found: dict[str, Json] = {}
            for key, item in value.items():
                if format_path((*origin, key)) in self.local:
                    continue
                name = _matching(spec["properties"], key, self.nested)
                found[name] = self.of(item, spec["properties"].get(name, {}), (*path, name), (*origin, key))
            return found
        if isinstance(value, list):
            only = [*items.get("properties", {})]
            if len(only) == 1 and not any(isinstance(item, dict) for item in value):
                for index in range(len(value)):
                    self.origins[(*path, index, only[0])] = (*origin, index)
                return [{only[0]: item} for item in value]
            return [self.of(item, items, (*path, index), (*origin, index)) for index, item in enumerate(value)]
        return _unquoted(value, spec.get("type"))

    def _listed(self, value: dict[str, Json], items: Mapping[str, Any], path: Path, origin: Path) -> Json:
        if set(value) == {"items", "quantity"}:
            return self.of(value["items"], {"type": "array", "items": items}, path, (*origin, "items"))
        properties = set(items.get("properties", {}))
        label = "Key" if {"Key", "Value"} <= properties else "Name" if properties == {"Name", "Value"} else None
        if label is None:
            return [self.of(value, items, (*path, 0), origin)]
        for index, key in enumerate(value):
            self.origins[(*path, index)] = (*origin, key)
        return [{label: key, "Value": text} for key, text in value.items()]


def _unquoted(value: Json, kind: Any) -> Json:
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "number" and isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return float(value)
    return value


def _resolved(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = spec.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return spec
    found: Any = schema
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step, {})
    return _resolved(found, schema)


def _matching(properties: Mapping[str, Any], name: str, nested: Mapping[str, str]) -> str:
    lower = name.lower()
    same = next((known for known in properties if known.lower() == lower), None)
    return same or nested.get(name) or name[:1].upper() + name[1:]


def _origin(origins: Mapping[Path, Path], path: Path) -> Path:
    for length in range(len(path), 0, -1):
        if path[:length] in origins:
            return origins[path[:length]]
    return path
