"""Settings that SQS and SNS keep as a map of texts."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.engine.providers.aws.fields import Field, Fields
from sandbox.engine.values import Json, PropertyMap


def to_attributes(fields: Fields, inputs: PropertyMap) -> dict[str, str]:
    """Return the inputs that have an attribute name (`wire`) as texts."""
    return {
        spec.wire: _text(inputs[name]) for name, spec in fields.items() if spec.wire and inputs.get(name) is not None
    }


def from_attributes(fields: Fields, attributes: Mapping[str, str]) -> PropertyMap:
    """Return the properties that the attributes hold, in their own types."""
    return {
        name: _value(spec, attributes[spec.wire])
        for name, spec in fields.items()
        if spec.wire and attributes.get(spec.wire) is not None
    }


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(spec: Field, text: str) -> Json:
    if spec.kind == "boolean":
        return text.lower() == "true"
    return int(text) if spec.kind == "integer" else text
