"""The structural difference of two property maps, and which paths a list of property paths covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sandbox.engine.values import UNKNOWN, Json, Path, Secret, format_path, parse_path

Kind = Literal["add", "delete", "update"]


@dataclass(frozen=True)
class Change:
    """One property that differs.

    Attributes:
        path: where it stands.
        kind: `add` (only new), `delete` (only old) or `update`.
        old: the old value; None for `add`.
        new: the new value; None for `delete`; may be `UNKNOWN` during a plan.
    """

    path: Path
    kind: Kind
    old: Json
    new: Json

    @property
    def text(self) -> str:
        """The path as Pulumi writes it."""
        return format_path(self.path)


def diff(old: Json, new: Json, path: Path = ()) -> list[Change]:
    """List the smallest changes that lead from `old` to `new`, in order of their paths.

    Secrets are compared by their plain values; a property that only became secret is no change. An `UNKNOWN` differs
    from every value, so what depends on it is planned as a change. A null and a missing key are the same.
    """
    if isinstance(old, Secret) or isinstance(new, Secret):
        bare_old = old.value if isinstance(old, Secret) else old
        bare_new = new.value if isinstance(new, Secret) else new
        return [Change(path, "update", old, new)] if diff(bare_old, bare_new) else []
    if isinstance(old, dict) and isinstance(new, dict):
        return _diff_maps(old, new, path)
    if isinstance(old, list) and isinstance(new, list):
        return _diff_lists(old, new, path)
    if old is UNKNOWN or new is UNKNOWN or old != new or isinstance(old, bool) != isinstance(new, bool):
        return [Change(path, "update", old, new)]
    return []


def _diff_maps(old: dict[str, Json], new: dict[str, Json], path: Path) -> list[Change]:
    changes: list[Change] = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before is None and after is None:
            continue
        if before is None:
            changes.append(Change((*path, key), "add", None, after))
        elif after is None:
            changes.append(Change((*path, key), "delete", before, None))
        else:
            changes.extend(diff(before, after, (*path, key)))
    return changes


def _diff_lists(old: list[Json], new: list[Json], path: Path) -> list[Change]:
    changes: list[Change] = []
    for index in range(max(len(old), len(new))):
        here = (*path, index)
        if index >= len(old):
            changes.append(Change(here, "add", None, new[index]))
        elif index >= len(new):
            changes.append(Change(here, "delete", old[index], None))
        else:
            changes.extend(diff(old[index], new[index], here))
    return changes


def covers(pattern: str, path: Path) -> bool:
    """Tell whether a property path with wildcards (`a[*].b`, `*`) names `path` or one of its parents."""
    steps = parse_path(pattern)
    return len(steps) <= len(path) and all(step in ("*", actual) for step, actual in zip(steps, path, strict=False))


def covered(patterns: Iterable[str], path: Path) -> bool:
    """Tell whether any of the patterns names the path or one of its parents, or something inside it."""
    return any(covers(pattern, path) or _inside(pattern, path) for pattern in patterns)


def _inside(pattern: str, path: Path) -> bool:
    steps = parse_path(pattern)
    return len(steps) > len(path) and all(step in ("*", actual) for step, actual in zip(steps, path, strict=False))
