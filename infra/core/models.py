"""The base classes of every typed model in the program."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Args(BaseModel):
    """Arguments that code hands to code: immutable, and no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(BaseModel):
    """Something that a person writes in YAML: camelCase keys, immutable, unknown keys refused.

    Field names of Python are not accepted as keys, so that there is one way to write each file.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_alias=True, validate_by_name=False
    )


class ManifestPart(BaseModel):
    """A part of a custom resource: written in Python's names, rendered in the resource's own."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def rendered(self) -> dict[str, Any]:
        """As the API server takes it: camelCase, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
