"""Custom resource definitions as an API server keeps them."""

from __future__ import annotations

from typing import Any

_NAMED = ("properties", "patternProperties")
_SINGLE = ("items", "additionalProperties", "not")
_SEVERAL = ("allOf", "anyOf", "oneOf")


def as_stored(definition: dict[str, Any]) -> dict[str, Any]:
    """Drop what the API server does not keep of a definition.

    A generator may write ``properties: {}`` for an object without fields. The server leaves empty ones out (in
    k8s.io/apiextensions-apiserver, ``JSONSchemaProps`` has ``omitempty`` on them), so that Pulumi's Kubernetes
    provider, which compares with what is live, would find a difference in every run.

    Args:
        definition: a CustomResourceDefinition of ``apiextensions.k8s.io/v1``; it is not changed.
    """
    versions = [
        {**version, "schema": {name: _schema(value) for name, value in version["schema"].items()}}
        if "schema" in version
        else version
        for version in definition["spec"]["versions"]
    ]
    return {**definition, "spec": {**definition["spec"], "versions": versions}}


def _schema(schema: Any) -> Any:
    if not isinstance(schema, dict):  # additionalProperties may be true or false
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED:
            if value:
                kept[key] = {name: _schema(field) for name, field in value.items()}
        elif key in _SINGLE:
            kept[key] = _schema(value)
        elif key in _SEVERAL:
            kept[key] = [_schema(alternative) for alternative in value]
        else:
            kept[key] = value
    return kept
