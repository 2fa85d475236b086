"""Property maps on the wire: protobuf structs to engine values and back, with Pulumi's marks for special values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from sandbox.engine.values import UNKNOWN, Json, PropertyMap, Secret, Unknown, reveal

_SIGNATURE = rpc._special_sig_key  # noqa: SLF001 the SDK keeps the wire format's constants private
_SECRET = rpc._special_secret_sig  # noqa: SLF001
_RESOURCE = rpc._special_resource_sig  # noqa: SLF001
_OUTPUT = rpc._special_output_value_sig  # noqa: SLF001


def decode(struct: struct_pb2.Struct) -> PropertyMap:
    """Read a struct: secrets become `Secret`, unknowns `UNKNOWN`, references their id (or URN), whole numbers int."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: struct_pb2.Value) -> Json:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _decode_map(value.struct_value.fields)
    return None


def _decode_map(fields: Mapping[str, struct_pb2.Value]) -> Json:
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
    if signature == _SECRET:
        return Secret(reveal(_decode(fields["value"])))
    if signature == _RESOURCE:
        reference = _decode(fields["id"]) if "id" in fields else _decode(fields["urn"])
        return UNKNOWN if reference in ("", None) else reference
    if signature == _OUTPUT:
        value = _decode(fields["value"]) if "value" in fields else UNKNOWN
        secret = "secret" in fields and fields["secret"].bool_value
        return Secret(reveal(value)) if secret else value
    return {key: _decode(value) for key, value in fields.items()}


def encode(properties: PropertyMap) -> struct_pb2.Struct:
    """Write a property map as the SDK reads it."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _encode(value, struct.fields[key])
    return struct


def _encode(value: Json, into: struct_pb2.Value) -> None:
    if isinstance(value, Secret):
        fields = into.struct_value.fields
        fields[_SIGNATURE].string_value = _SECRET
        _encode(value.value, fields["value"])
    elif isinstance(value, Unknown):
        into.string_value = rpc.UNKNOWN
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, int | float):
        into.number_value = value
    elif isinstance(value, dict):
        into.struct_value.SetInParent()
        for key, item in value.items():
            _encode(item, into.struct_value.fields[key])
    elif isinstance(value, list):
        into.list_value.SetInParent()
        for item in value:
            _encode(item, into.list_value.values.add())
    elif value is None:
        into.null_value = struct_pb2.NULL_VALUE
    else:
        raise TypeError(f"a property holds a {type(value).__name__}, which is no JSON value")


def has_special(value: Any) -> bool:
    """Tell whether a decoded value still holds an asset or archive, which no provider here can take."""
    if isinstance(value, dict):
        return _SIGNATURE in value or any(has_special(item) for item in value.values())
    if isinstance(value, list):
        return any(has_special(item) for item in value)
    return isinstance(value, Secret) and has_special(value.value)
