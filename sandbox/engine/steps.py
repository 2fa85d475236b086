"""What has to happen to one resource, decided from its goal and what the state remembers of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sandbox.engine.diff import Change, covered, diff
from sandbox.engine.goal import Goal
from sandbox.engine.provider import Provider, Target
from sandbox.engine.state.record import Record
from sandbox.engine.values import reveal

Op = Literal["create", "update", "replace", "delete", "same"]


@dataclass(frozen=True)
class Step:
    """A decision about one resource.

    Attributes:
        op: what happens to it.
        new: the resource as it should become; None for a delete.
        old: the resource as the state has it; None for a create.
        changes: the inputs that differ.
        replace_paths: the changes that cannot be made in place.
        delete_first: a replacement deletes the old resource before it creates the new one.
        reason: why it happens when no input differs.
        old_gone: the old resource was deleted already, ahead of the replacement of something that it depends on.
    """

    op: Op
    new: Record | None
    old: Record | None
    changes: Sequence[Change] = ()
    replace_paths: frozenset[str] = field(default_factory=frozenset)
    delete_first: bool = False
    reason: str = ""
    old_gone: bool = False

    @property
    def record(self) -> Record:
        """The resource that the step is about."""
        record = self.new or self.old
        assert record is not None
        return record


def decide(goal: Goal, new: Record, old: Record | None, provider: Provider, *, replace_reason: str = "") -> Step:
    """Decide between create, same, update and replace.

    Args:
        goal: the registration.
        new: the resource as it should become, inputs checked.
        old: the resource as the state has it.
        provider: the provider of its type.
        replace_reason: why it must be replaced whatever its inputs are; "" when nothing forces it.
    """
    if old is None:
        return Step("create", new, None)
    changes = diff(old.inputs, new.inputs)
    target = Target(new.urn, new.type, goal.name)
    old_plain, new_plain = reveal(old.inputs), reveal(new.inputs)
    paths = provider.replaces(target, diff(old_plain, new_plain), old_plain, new_plain) if changes else set()
    asked = {change.text for change in changes if covered(goal.replace_on_changes, change.path)}
    if paths or asked or replace_reason:
        first = goal.delete_before_replace
        if first is None:
            # as in Pulumi, a provider has no say in a replacement that only the program asks for
            first = bool(paths) and provider.delete_before_replace(target, old_plain, new_plain)
        paths |= asked
        return Step("replace", new, old, changes, frozenset(paths), bool(first or replace_reason), replace_reason)
    if changes or old.errors:
        return Step("update", new, old, changes, reason="" if changes else "; ".join(old.errors))
    return Step("same", new, old)


def unchanged(old: Record, new: Record) -> bool:
    """Tell whether the state would not change by keeping `new` in place of `old`, their place in the order aside."""
    return old.to_json() | {"sequence": 0} == new.to_json() | {"sequence": 0}
