"""What has to happen to one resource, decided from its goal and what the state remembers of it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sandbox.engine.diff import Change, covered, diff
from sandbox.engine.goal import Goal
from sandbox.engine.provider import Provider, Target
from sandbox.engine.state.record import Record
from sandbox.engine.values import Path, PropertyMap, get_path, parse_path, reveal

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
    paths |= {change.text for change in changes if covered(goal.replace_on_changes, change.path)}
    if paths or replace_reason:
        first = goal.delete_before_replace
        if first is None:
            first = provider.delete_before_replace(target, old_plain, new_plain)
        return Step("replace", new, old, changes, frozenset(paths), bool(first or replace_reason), replace_reason)
    if changes or old.errors:
        return Step("update", new, old, changes, reason="" if changes else "; ".join(old.errors))
    return Step("same", new, old)


def apply_ignored(inputs: PropertyMap, old: PropertyMap, ignored: Sequence[str]) -> PropertyMap:
    """Return the inputs with the old values at the ignored paths; a path absent from the old inputs is left out."""
    if not ignored:
        return inputs
    result = copy.deepcopy(inputs)
    for pattern in ignored:
        for path in _expand(parse_path(pattern), (), [result, old]):
            _assign(result, path, get_path(old, path))
    return result


def _expand(steps: Path, done: Path, roots: list[PropertyMap]) -> list[Path]:
    if not steps:
        return [done]
    if steps[0] != "*":
        return _expand(steps[1:], (*done, steps[0]), roots)
    keys: dict[str | int, None] = {}
    for root in roots:
        here = get_path(root, done)
        keys.update(
            dict.fromkeys(here if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ())
        )
    return [path for key in keys for path in _expand(steps[1:], (*done, key), roots)]


def _assign(root: PropertyMap, path: Path, value: object) -> None:
    parent = get_path(root, path[:-1])
    step = path[-1]
    if isinstance(parent, dict) and isinstance(step, str):
        if value is None:
            parent.pop(step, None)
        else:
            parent[step] = copy.deepcopy(value)
    elif isinstance(parent, list) and isinstance(step, int) and step < len(parent) and value is not None:
        parent[step] = copy.deepcopy(value)
    elif parent is None and value is not None and len(path) > 1:
        _assign(root, path[:-1], {})
        _assign(root, path, value)


def unchanged(old: Record, new: Record) -> bool:
    """Tell whether the state would not change by keeping `new` in place of `old`, their place in the order aside."""
    return old.to_json() | {"sequence": 0} == new.to_json() | {"sequence": 0}
