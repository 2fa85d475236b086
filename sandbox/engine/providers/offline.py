"""Providers that ask no service: for rendering a stack on a machine where nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from sandbox.engine.diff import Change
from sandbox.engine.goal import UnsupportedError
from sandbox.engine.provider import Checked, Created, Live, Operation, Preview, Target
from sandbox.engine.values import UNKNOWN, PropertyMap

PACKAGES = ("kubernetes", "aws", "random")


def offline_factory(package: str, inputs: PropertyMap) -> OfflineProvider:  # noqa: ARG001 one factory signature
    """Make the provider of a package.

    Raises:
        UnsupportedError: the embedded engine does not serve the package.
    """
    if package not in PACKAGES:
        raise UnsupportedError(f"the embedded engine has no provider for the package {package!r}")
    return OfflineProvider(package)


class OfflineProvider:
    """Takes every type of its package; outputs are the inputs, and for packages other than Kubernetes more are unknown.

    Nothing is ever created: a rendering is a plan without a state.
    """

    def __init__(self, package: str) -> None:
        self._package = package

    def supports(self, type: str) -> bool:
        """Tell whether the type is of this package."""
        return type.startswith(f"{self._package}:")

    def secret_outputs(self, type: str) -> frozenset[str]:  # noqa: ARG002 the protocol's signature, as below
        """Return no names: secrecy of rendered values comes from the inputs."""
        return frozenset({"result", "bcryptHash"}) if self._package == "random" else frozenset()

    def check(self, target: Target, inputs: PropertyMap, old_inputs: PropertyMap | None) -> Checked:  # noqa: ARG002
        """Accept the inputs as they are."""
        return Checked(inputs)

    def replaces(
        self,
        target: Target,  # noqa: ARG002
        changes: Sequence[Change],  # noqa: ARG002
        old_inputs: PropertyMap,  # noqa: ARG002
        new_inputs: PropertyMap,  # noqa: ARG002
    ) -> set[str]:
        """Return nothing: without a state there is nothing to replace."""
        return set()

    def delete_before_replace(self, target: Target, old_inputs: PropertyMap, new_inputs: PropertyMap) -> bool:  # noqa: ARG002
        """Answer as for named things."""
        return True

    def preview_create(self, target: Target, inputs: PropertyMap) -> Preview:  # noqa: ARG002
        """Return the inputs, and a generated result as unknown."""
        extra = {"result": UNKNOWN} if self._package == "random" else {}
        return Preview(inputs | extra, "offline")

    def preview_update(
        self,
        target: Target,  # noqa: ARG002
        id: str,  # noqa: ARG002
        outputs: PropertyMap,
        old_inputs: PropertyMap,  # noqa: ARG002
        new_inputs: PropertyMap,
    ) -> Preview:
        """Return the new inputs over the old outputs."""
        return Preview(outputs | new_inputs, "offline")

    def create(self, target: Target, inputs: PropertyMap, operation: Operation) -> Created:  # noqa: ARG002
        """Refuse."""
        self._refuse(target)

    def update(
        self,
        target: Target,
        id: str,  # noqa: ARG002
        outputs: PropertyMap,  # noqa: ARG002
        old_inputs: PropertyMap,  # noqa: ARG002
        new_inputs: PropertyMap,  # noqa: ARG002
        operation: Operation,  # noqa: ARG002
    ) -> PropertyMap:
        """Refuse."""
        self._refuse(target)

    def delete(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap, operation: Operation) -> None:  # noqa: ARG002
        """Refuse."""
        self._refuse(target)

    def read(self, target: Target, id: str, inputs: PropertyMap, outputs: PropertyMap) -> Live | None:  # noqa: ARG002
        """Refuse."""
        self._refuse(target)

    def recover(self, target: Target, inputs: PropertyMap, nonce: str) -> Created | None:  # noqa: ARG002
        """Refuse."""
        self._refuse(target)

    def close(self) -> None:
        """Release nothing."""

    def _refuse(self, target: Target) -> NoReturn:
        raise UnsupportedError(f"{target.urn}: a rendering changes nothing, and nothing is there to read")
