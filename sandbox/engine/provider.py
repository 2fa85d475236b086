"""What the engine asks of a provider: the create, read, update and delete of the resource types of one package."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from sandbox.engine.diff import Change
from sandbox.engine.values import PropertyMap

Validated = Literal["server", "offline", "recorded"]
"""Who vouched for a planned resource: the live service, a schema only, or nobody but the recorded type's schema."""


class ProviderError(Exception):
    """An operation on one resource failed; the message says what was asked, of whom, what came back and what to do.

    It never holds a secret value.
    """


class AlreadyExistsError(ProviderError):
    """A create was refused before anything was written, since something of that name is there; nothing is recovered."""


class PartialFailureError(ProviderError):
    """The resource exists but did not become ready; the engine records it and tries again at the next run.

    Attributes:
        id: the id of what exists.
        outputs: its outputs as far as known.
    """

    def __init__(self, message: str, *, id: str, outputs: PropertyMap) -> None:
        super().__init__(message)
        self.id = id
        self.outputs = outputs


@dataclass(frozen=True)
class Target:
    """The resource that an operation is about.

    Attributes:
        urn: its URN.
        type: its type token, such as `kubernetes:apps/v1:Deployment` or `aws:s3/bucket:Bucket`.
        name: its Pulumi name.
        replaced: in a preview, that what is there under its name goes before it is created.
    """

    urn: str
    type: str
    name: str
    replaced: bool = False


@dataclass(frozen=True)
class CheckFailure:
    """One input that cannot be accepted: the property's path as Pulumi writes it, and the reason with the fix."""

    property: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """Inputs as the provider will use them, and what is wrong with them; a failure stops the run before any write."""

    inputs: PropertyMap
    failures: Sequence[CheckFailure] = ()


@dataclass(frozen=True)
class Preview:
    """What an operation would leave: outputs with `UNKNOWN` for what only an apply can tell, and who vouched for it."""

    outputs: PropertyMap
    validated: Validated


@dataclass(frozen=True)
class Created:
    """A resource that exists: its id and its outputs (no `UNKNOWN`, no missing ones)."""

    id: str
    outputs: PropertyMap


@dataclass(frozen=True)
class Live:
    """A resource as it is now.

    Attributes:
        inputs: the last inputs with the live values in place of theirs, so that a diff against them is the drift.
        outputs: the live outputs.
        foreign: paths (as Pulumi writes them) that somebody else added by hand; a repair removes them.
    """

    inputs: PropertyMap
    outputs: PropertyMap
    foreign: Sequence[str] = ()


def _silent(_: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Operation:
    """The circumstances of one create, update or delete.

    Attributes:
        nonce: unique to this attempt; creations that have no name of their own are tagged with it.
        timeout: seconds to wait for readiness or absence; None for the provider's default.
        report: called with short progress texts ("0 of 3 replicas ready").
        repair: undo foreign changes as well as our own differences.
        cancelled: set when the run stops; waits end early with a ProviderError.
    """

    nonce: str
    timeout: float | None = None
    report: Callable[[str], None] = _silent
    repair: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)


class Provider(Protocol):
    """Create, read, update and delete for the types of one package.

    Every method may be called from many threads at once. Inputs and outputs are plain values (secrets revealed);
    `UNKNOWN` occurs in `check`, `replaces` and the previews only.
    """

    def supports(self, type: str) -> bool:
        """Tell whether this provider can handle the type."""
        ...

    def secret_outputs(self, type: str) -> frozenset[str]:
        """Return the top-level output names of the type that are secret whatever the inputs were."""
        ...

    def check(self, target: Target, inputs: PropertyMap, old_inputs: PropertyMap | None) -> Checked:
        """Validate and complete inputs without touching anything."""
        ...

    def replaces(
        self, target: Target, changes: Sequence[Change], old_inputs: PropertyMap, new_inputs: PropertyMap
    ) -> set[str]:
        """Return the paths (`Change.text`) of those changes that cannot be made in place."""
        ...

    def delete_before_replace(self, target: Target, old_inputs: PropertyMap, new_inputs: PropertyMap) -> bool:
        """Tell whether a replacement must delete the old resource first, because both would have one name."""
        ...

    def preview_create(self, target: Target, inputs: PropertyMap) -> Preview:
        """Say what `create` would leave; raises ProviderError when the service would refuse it.

        What this program made under the same name may still stand: it will be gone by then, and is no conflict.
        """
        ...

    def preview_update(
        self,
        target: Target,
        id: str,
        outputs: PropertyMap,
        old_inputs: PropertyMap,
        new_inputs: PropertyMap,
    ) -> Preview:
        """Say what `update` would leave; raises ProviderError when the service would refuse it."""
        ...

    def create(self, target: Target, inputs: PropertyMap, operation: Operation) -> Created:
        """Create and wait until ready; raises ProviderError, or PartialFailureError when it exists but is not ready."""
        ...

    def update(
        self,
        target: Target,
        id: str,
        outputs: PropertyMap,
        old_inputs: PropertyMap,
        new_inputs: PropertyMap,
        operation: Operation,
    ) -> PropertyMap:
        """Change in place, wait until ready and return the new outputs; raises as `create` does."""
        ...

    def delete(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap, operation: Operation) -> None:
        """Delete and wait until gone; what is gone already is no error."""
        ...

    def read(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap) -> Live | None:
        """Return the live resource, or None when it does not exist."""
        ...

    def recover(self, target: Target, inputs: PropertyMap, nonce: str) -> Created | None:
        """Find what an interrupted `create` with this nonce left, by name or by tag; None when it left nothing."""
        ...

    def close(self) -> None:
        """Release connections and threads."""
        ...
