"""Whether a schema may follow another one, by the rules by which Avro readers resolve what writers wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Compatibility = Literal["none", "backward", "forward", "full"]
"""Backward: readers of the new schema read old records. Forward: readers of the old one read new records."""

PROMOTIONS: Mapping[str, tuple[str, ...]] = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
"""Apache Avro specification, schema resolution: what was written as the key can be read as each of the values."""


@dataclass(frozen=True)
class Break:
    """One reason why a schema may not follow another.

    Attributes:
        field: dotted path of the field.
        reason: what a reader could not do.
        fix: what to change instead.
    """

    field: str
    reason: str
    fix: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.field}: {self.reason}. {self.fix}"


def breaks(old: Mapping[str, Any], new: Mapping[str, Any], mode: Compatibility) -> tuple[Break, ...]:
    """Every reason why ``new`` may not follow ``old``; none when it may.

    Args:
        old: Avro schema (a record) that is registered.
        new: Avro schema that shall follow it.
        mode: what the subject demands.
    """
    found: list[Break] = []
    if mode in ("backward", "full"):
        found += _resolve(old, new, "", "readers of the new schema cannot read records already written")
    if mode in ("forward", "full"):
        found += _resolve(new, old, "", "readers of the old schema cannot read new records")
    return tuple(dict.fromkeys(found))


def _resolve(writer: Any, reader: Any, path: str, who: str) -> Iterator[Break]:
    if isinstance(writer, list) or isinstance(reader, list):
        yield from _unions(writer, reader, path, who)
        return
    wrote, reads = _kind(writer), _kind(reader)
    if wrote == reads == "record":
        yield from _records(writer, reader, path, who)
    elif wrote == reads == "array":
        yield from _resolve(writer["items"], reader["items"], f"{path}[]", who)
    elif _decimal(writer) != _decimal(reader):
        reason = f"{who}: {_shown(writer)} is read as {_shown(reader)}"
        yield Break(path or "the record", reason, "Keep precision and scale; add a field under another name instead")
    elif wrote != reads and reads not in PROMOTIONS.get(wrote, ()):
        reason = f"{who}: {_shown(writer)} is read as {_shown(reader)}"
        yield Break(path or "the record", reason, "Keep the type; add a field under another name instead")


def _records(writer: Mapping[str, Any], reader: Mapping[str, Any], path: str, who: str) -> Iterator[Break]:
    if writer.get("name") != reader.get("name"):
        reason = f"{who}: record {writer.get('name')} is read as {reader.get('name')}"
        yield Break(path or "the record", reason, "Keep the record's name")
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        name = f"{path}.{field['name']}" if path else field["name"]
        if field["name"] in written:
            yield from _resolve(written[field["name"]]["type"], field["type"], name, who)
        elif "default" not in field:
            reason = f"{who}: they have no {field['name']}, and it has no default"
            yield Break(name, reason, "Make it nullable (null is its default), in a step before it is added or removed")


def _unions(writer: Any, reader: Any, path: str, who: str) -> Iterator[Break]:
    """Each branch that may have been written must be readable as some branch of the reader."""
    branches = reader if isinstance(reader, list) else [reader]
    for branch in writer if isinstance(writer, list) else [writer]:
        if all(any(_resolve(branch, each, path, who)) for each in branches):
            reason = f"{who}: {_shown(branch)} is read as {' or '.join(_shown(each) for each in branches)}"
            yield Break(path, reason, "Keep the field as nullable as it was, and its type")


def _kind(schema: Any) -> str:
    return str(schema["type"]) if isinstance(schema, Mapping) else str(schema)


def _decimal(schema: Any) -> tuple[Any, Any] | None:
    if isinstance(schema, Mapping) and schema.get("logicalType") == "decimal":
        return schema.get("precision"), schema.get("scale", 0)
    return None


def _shown(schema: Any) -> str:
    if isinstance(schema, Mapping):
        digits = _decimal(schema)
        if digits:
            return f"decimal({digits[0]},{digits[1]})"
        return str(schema.get("logicalType", schema.get("name", schema["type"])))
    return str(schema)
