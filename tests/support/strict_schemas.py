"""Schemas of custom resources as the API server applies them with strict field validation."""

from typing import Any


def strict(schema: Any) -> Any:
    """The schema without Kubernetes' own extensions, and refusing every field that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(item) for key, item in schema.items() if not key.startswith("x-kubernetes")}
    if "properties" in made and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made
