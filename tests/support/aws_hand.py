"""A hand that drives the AWS provider the way the engine does."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.engine.provider import Created, Live, Operation, Target
from sandbox.engine.providers.aws.provider import AwsProvider


class Hand:
    """Drives a provider the way the engine does: check, then create, update, read or delete."""

    def __init__(self, provider: AwsProvider) -> None:
        self.provider = provider

    def operation(self, nonce: str = "") -> Operation:
        return Operation(nonce=nonce or uuid.uuid4().hex)

    def checked(self, target: Target, inputs: dict[str, Any]) -> dict[str, Any]:
        checked = self.provider.check(target, inputs, None)
        assert list(checked.failures) == []
        return checked.inputs

    def create(self, type: str, name: str, inputs: dict[str, Any], nonce: str = "") -> Made:
        target = target_of(type, name)
        completed = self.checked(target, inputs)
        created = self.provider.create(target, completed, self.operation(nonce))
        return Made(self, target, completed, created)


class Made:
    """A resource that a hand made."""

    def __init__(self, hand: Hand, target: Target, inputs: dict[str, Any], created: Created) -> None:
        self.hand = hand
        self.target = target
        self.inputs = inputs
        self.id = created.id
        self.outputs = created.outputs

    def update(self, inputs: dict[str, Any]) -> dict[str, Any]:
        new = self.hand.checked(self.target, inputs)
        self.outputs = self.hand.provider.update(
            self.target, self.id, self.outputs, self.inputs, new, self.hand.operation()
        )
        self.inputs = new
        return self.outputs

    def read(self) -> Live | None:
        return self.hand.provider.read(self.target, self.id, self.inputs, self.outputs)

    def delete(self) -> None:
        self.hand.provider.delete(self.target, self.id, self.inputs, self.outputs, self.hand.operation())


def target_of(type: str, name: str) -> Target:
    return Target(f"urn:pulumi:test::platform::platform:lakehouse:Store${type}::{name}", type, name)
