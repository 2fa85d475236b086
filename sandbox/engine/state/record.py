"""What the state remembers: resources, resources condemned by a replacement, and operations under way."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from sandbox.engine.values import PropertyMap


@dataclass(frozen=True)
class Record:
    """A resource that exists, or a component.

    Attributes:
        urn: its URN.
        type: its type token.
        custom: a provider stands behind it.
        id: the provider's id; "" for components.
        inputs: the inputs of the last successful operation, as checked by the provider.
        outputs: the outputs of that operation.
        parent: the parent's URN.
        provider: the provider reference `<urn>::<id>`.
        dependencies: URNs it depends on, by properties or by `depends_on`.
        property_dependencies: URNs that each input depends on.
        protect: refuse to delete it.
        retain_on_delete: forget it instead of deleting it.
        deleted_with: the URN whose deletion takes this one along.
        ignore_changes: property paths whose changes were ignored; they force no replacement along with a dependency.
        replace_on_changes: property paths whose change forces a replacement.
        delete_timeout: seconds to wait for its deletion; None for the provider's default.
        errors: why it needs another update although the inputs are the same: not ready, or interrupted.
        recorded: no service stands behind it; inputs were validated and outputs are synthetic.
        sequence: its place in the order of registration; dependencies come before dependents.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: PropertyMap = field(default_factory=dict)
    outputs: PropertyMap = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_timeout: float | None = None
    errors: tuple[str, ...] = ()
    recorded: bool = False
    sequence: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object; secrets are still `Secret`."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def referring(self, former: str, urn: str) -> Record:
        """Return the record with every reference to `former` turned into one to `urn`."""
        named = (self.parent, self.deleted_with, self.provider.rpartition("::")[0], *self.dependencies)
        deeper = (item for urns in self.property_dependencies.values() for item in urns)
        return Record.from_json(refer(self.to_json(), former, urn)) if former in (*named, *deeper) else self

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        """Read what `to_json` wrote."""
        lists = ("dependencies", "ignore_changes", "replace_on_changes", "errors")
        depends = {key: tuple(urns) for key, urns in data["property_dependencies"].items()}
        return cls(**data | {name: tuple(data[name]) for name in lists} | {"property_dependencies": depends})


def refer(record: dict[str, Any], former: str, urn: str) -> dict[str, Any]:
    """Return a record's JSON with every reference to `former` turned into one to `urn`."""

    def new(reference: str) -> str:
        return urn if reference == former else reference

    provider, mark, id = record["provider"].rpartition("::")
    return record | {
        "parent": new(record["parent"]),
        "deleted_with": new(record["deleted_with"]),
        "provider": f"{new(provider)}{mark}{id}",
        "dependencies": [new(item) for item in record["dependencies"]],
        "property_dependencies": {
            key: [new(item) for item in urns] for key, urns in record["property_dependencies"].items()
        },
    }


@dataclass(frozen=True)
class Intent:
    """An operation that was begun; it is written before anything is touched and removed with the result.

    Attributes:
        urn: the resource's URN.
        kind: what was begun.
        nonce: unique to this attempt; creations without a name of their own are tagged with it.
        record: the resource as it should become (create, update) or as it was (delete).
        replaced: what a create takes the place of and what is to be deleted once the create is concluded.
    """

    urn: str
    kind: Literal["create", "update", "delete"]
    nonce: str
    record: Record
    replaced: Record | None = None
