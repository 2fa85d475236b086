# ruff: noqa: ARG002  # the provider protocol decides the parameters
"""A provider of recorded types: inputs are checked for real, outputs are made up, and nothing is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.engine.diff import Change
from sandbox.engine.provider import Checked, CheckFailure, Created, Live, Operation, Preview, Target
from sandbox.engine.providers.recorded.listing import RecordedType, recorded_types
from sandbox.engine.providers.recorded.outputs import declared, resource_id, synthetic
from sandbox.engine.providers.recorded.schemas import cloudformation_name, create_only, failures
from sandbox.engine.values import UNKNOWN, PropertyMap


class RecordedProvider:
    """Handles the listed types; the engine's state is the only place where their resources are.

    Args:
        account: the account id in made-up ARNs.
        region: the region in them, and of the schemas.
        partition: the partition in them.
        types: the list.
    """

    def __init__(
        self, account: str, region: str, partition: str, types: Mapping[str, RecordedType] | None = None
    ) -> None:
        self._account = account
        self._region = region
        self._partition = partition
        self._types = recorded_types() if types is None else types

    def supports(self, type: str) -> bool:
        """Tell whether the type is listed."""
        return type in self._types

    def secret_outputs(self, type: str) -> frozenset[str]:
        """Return nothing: made-up outputs are no secrets, and secret inputs stay secret by the engine."""
        return frozenset()

    def check(self, target: Target, inputs: PropertyMap, old_inputs: PropertyMap | None) -> Checked:
        """Validate inputs against the SDK's class and the CloudFormation schema."""
        recorded = self._types[target.type]
        known = declared(target.type)
        # The provider's default tags come with every type, and not every type takes tags.
        given = {
            key: value for key, value in inputs.items() if value is not None and (key != "tagsAll" or key in known)
        }
        strangers = [CheckFailure(name, f"{target.type} has no such property") for name in given if name not in known]
        fit = {key: value for key, value in given.items() if key in known}
        return Checked(given, [*strangers, *failures(recorded, self._region, fit)])

    def replaces(
        self, target: Target, changes: Sequence[Change], old_inputs: PropertyMap, new_inputs: PropertyMap
    ) -> set[str]:
        """Return the changes to what the schema calls create-only."""
        recorded = self._types[target.type]
        fixed = create_only(recorded, self._region)
        return {
            change.text
            for change in changes
            if change.path
            and cloudformation_name(recorded, self._region, str(change.path[0])).partition("/")[0] in fixed
        }

    def delete_before_replace(self, target: Target, old_inputs: PropertyMap, new_inputs: PropertyMap) -> bool:
        """Tell whether both would have one name; a name not yet known counts as the same."""
        names = self._types[target.type].identity
        return bool(names) and all(
            new_inputs.get(name) is UNKNOWN or new_inputs.get(name) == old_inputs.get(name) for name in names
        )

    def preview_create(self, target: Target, inputs: PropertyMap) -> Preview:
        """Say what a creation would leave; everything but the inputs counts as unknown, as it really would be."""
        computed = dict.fromkeys(declared(target.type), UNKNOWN)
        return Preview({**computed, **inputs}, "recorded")

    def preview_update(
        self, target: Target, id: str, outputs: PropertyMap, old_inputs: PropertyMap, new_inputs: PropertyMap
    ) -> Preview:
        """Say what an update would leave."""
        return Preview(self._outputs(target, new_inputs), "recorded")

    def create(self, target: Target, inputs: PropertyMap, operation: Operation) -> Created:
        """Make up the outputs."""
        outputs = self._outputs(target, inputs)
        return Created(resource_id(self._types[target.type], outputs, target.urn), outputs)

    def update(
        self,
        target: Target,
        id: str,
        outputs: PropertyMap,
        old_inputs: PropertyMap,
        new_inputs: PropertyMap,
        operation: Operation,
    ) -> PropertyMap:
        """Make up the outputs again; what comes from the URN stays as it was."""
        return self._outputs(target, new_inputs)

    def delete(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap, operation: Operation) -> None:
        """Do nothing: there is nothing to delete."""

    def read(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap) -> Live:
        """Return what was recorded: nobody can change it."""
        return Live(inputs, outputs)

    def recover(self, target: Target, inputs: PropertyMap, nonce: str) -> Created | None:
        """Return None: an interrupted creation left nothing."""
        return None

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _outputs(self, target: Target, inputs: PropertyMap) -> PropertyMap:
        recorded = self._types[target.type]
        return synthetic(recorded, target.urn, inputs, self._account, self._region, self._partition)
