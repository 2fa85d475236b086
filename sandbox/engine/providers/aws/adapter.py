# ruff: noqa: ARG002, B027  # adapters share one interface; not every type has something to configure or to tag
"""What one AWS resource type declares, and what it does, so that the provider can manage it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.fields import Field, Fields
from sandbox.engine.providers.aws.tags import NONCE_TAG, URN_TAG, urn_mark
from sandbox.engine.values import Json, PropertyMap

Identity = Literal["named", "generated", "setting"]
"""How a thing is found: by a name that is its own, by an id that AWS makes, or as a part of another thing."""

TAGS: dict[str, Field] = {"tags": Field("map"), "tagsAll": Field("map", computed=True)}
"""The inputs of every type that takes tags; `tagsAll` is filled in with the provider's default tags."""


class Adapter(ABC):
    """One resource type.

    Attributes:
        type: the Pulumi type token.
        service: the service, by botocore's name.
        identity: how a thing of the type is found.
        name: the inputs that together are the thing's name; empty when its id is generated.
        fields: the inputs.
        results: the outputs that AWS computes beside the inputs.
        constants: outputs that have one value as long as the properties beside them are not supported.
        absent: properties of the SDK's class that are no output here, with what to use instead.
        secrets: outputs that are secret whatever the inputs were.
        tags_at_birth: the creating call takes tags; otherwise they are put straight after it.
    """

    type: str
    service: str
    identity: Identity
    name: tuple[str, ...] = ()
    fields: Fields
    results: tuple[str, ...] = ()
    constants: Mapping[str, Json] = {}
    absent: Mapping[str, str] = {}
    secrets: frozenset[str] = frozenset()
    tags_at_birth: ClassVar[bool] = True

    @property
    def tagged(self) -> bool:
        """Whether the type takes tags."""
        return "tags" in self.fields

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Return the id of the thing that has the name which the inputs give, whoever made it."""
        return None

    @abstractmethod
    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the thing with one call that is not repeated, and return its id."""

    def created(self, aws: Calls, inputs: PropertyMap, nonce: str) -> str | None:
        """Return the id of what a creation with this nonce left, complete or not."""
        id = self.existing(aws, inputs)
        if id is None or not self.tagged:
            return id
        return id if self.live_tags(aws, id).get(NONCE_TAG) == nonce else None

    def owned(self, aws: Calls, id: str, inputs: PropertyMap, urn: str) -> bool:
        """Tell whether a thing that exists was created for this resource."""
        return self.live_tags(aws, id).get(URN_TAG) == urn_mark(urn)

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Bring what a creation does not set, or what changed, to the inputs; every call may be repeated.

        Args:
            aws: the calls.
            id: the thing.
            new: the inputs to reach.
            old: the inputs it has; None straight after a creation, when all of them must be looked at.
        """

    @abstractmethod
    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Return the live properties and computed outputs without tags, or None when the thing does not exist."""

    @abstractmethod
    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the thing; what is gone already is no error."""

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return all tags of the thing, the provider's marks among them."""
        return {}

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set tags and remove others."""


def changed(new: PropertyMap, old: PropertyMap | None, *names: str) -> bool:
    """Tell whether any of the inputs differs, or may differ because the old ones are not known."""
    return old is None or any(new.get(name) != old.get(name) for name in names)
