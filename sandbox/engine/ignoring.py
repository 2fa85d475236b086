"""The option ignore_changes: old values put back at property paths, by the rules of Pulumi's `PropertyPath.Reset`."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from sandbox.engine.values import Json, Path, PropertyMap, Secret, get_path, parse_path, reveal


def ignore_changes(inputs: PropertyMap, old: PropertyMap, patterns: Sequence[str]) -> tuple[PropertyMap, list[str]]:
    """Put the old values back at the ignored paths.

    No place in between is created and no list changes its length: a path that leads through something which stands on
    one side only cannot be ignored.

    Args:
        inputs: the new inputs; not changed.
        old: the inputs that the state has.
        patterns: property paths, with `*` for every key or index.

    Returns:
        The inputs to go on with, and the patterns that could not be followed.
    """
    if not patterns:
        return inputs, []
    result = copy.deepcopy(inputs)
    return result, [pattern for pattern in patterns if not _reset(parse_path(pattern), old, result)]


def _reset(path: Path, old: Json, new: Json, old_secret: bool = False, new_secret: bool = False) -> bool:
    if isinstance(old, Secret):
        old, old_secret = old.value, True
    if isinstance(new, Secret):
        new, new_secret = new.value, True
    if not path:
        return False
    step, rest = path[0], path[1:]
    if step == "*":
        return _reset_each(rest, old, new, old_secret, new_secret)
    if not rest:
        return _put_back(step, old, new, old_secret, new_secret)
    before, after = _child(old, step), _child(new, step)
    kind = list if isinstance(step, int) else dict
    if not isinstance(old, kind) or not isinstance(new, kind) or after is None:
        nothing_either_side = before is None and after is None and not isinstance(step, int)
        return nothing_either_side or (not isinstance(old, kind) and not isinstance(new, kind))
    if before is None and isinstance(step, int):
        return False
    return _reset(rest, before, after, old_secret, new_secret)


def _child(value: Json, step: str | int) -> Json:
    return get_path(value, (step,))


def _reset_each(rest: Path, old: Json, new: Json, old_secret: bool, new_secret: bool) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = {**old} if rest else {**old, **new}
        if rest and any(key not in new for key in keys):
            return False
        done = [_reset((key, *rest), old, new, old_secret, new_secret) for key in keys]
        return all(done)
    if isinstance(old, list) and isinstance(new, list):
        common = range(min(len(old), len(new)))
        done = [_reset((index, *rest), old, new, old_secret, new_secret) for index in common]
        return all(done) and len(old) == len(new)
    return not rest and isinstance(new, dict | list)


def _put_back(step: str | int, old: Json, new: Json, old_secret: bool, new_secret: bool) -> bool:
    if isinstance(step, int):
        if not isinstance(old, list) or not isinstance(new, list):
            return not isinstance(old, list) and not isinstance(new, list)
        if step >= len(old) or step >= len(new):
            return step >= len(old) and step >= len(new)
        new[step] = _in_place(old[step], old_secret, new_secret)
        return True
    before = old.get(step) if isinstance(old, dict) else None
    if before is None:
        if isinstance(new, dict):
            new.pop(step, None)
        return True
    if not isinstance(new, dict):
        return False
    new[step] = _in_place(before, old_secret, new_secret)
    return True


def _in_place(value: Json, old_secret: bool, new_secret: bool) -> Json:
    if new_secret:
        return reveal(value)
    return Secret(reveal(value)) if old_secret else copy.deepcopy(value)
