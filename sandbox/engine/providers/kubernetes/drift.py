"""What became of the declared values of a live object, and what was added to it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.engine.providers.kubernetes import fields
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.providers.kubernetes.manifest import decode, is_secret
from sandbox.engine.providers.kubernetes.quantity import same_quantity
from sandbox.engine.values import Json, Path, PropertyMap

_QUANTITIES = frozenset(
    {
        "averageValue",
        "capacity",
        "default",
        "defaultRequest",
        "divisor",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "overhead",
        "requests",
        "sizeLimit",
        "storage",
    }
)
"""Map keys of the built-in kinds below which texts are quantities, which the server writes in its own way."""


@dataclass(frozen=True)
class _Trees:
    """Who owns what below one value."""

    everyone: fields.Tree
    foreign: fields.Tree
    controllers: fields.Tree
    ours: fields.Tree

    def below(self, step: str | int, parent: Json) -> _Trees:
        return _Trees(
            fields.child(self.everyone, step, parent),
            fields.child(self.foreign, step, parent),
            fields.child(self.controllers, step, parent),
            fields.child(self.ours, step, parent),
        )


@dataclass(frozen=True)
class _Owner:
    """Who owns one field, leaving out those who share it with us."""

    foreign_only: bool
    controller_only: bool

    @classmethod
    def of(cls, step: str, trees: _Trees) -> _Owner:
        ours, foreign = step in trees.ours, step in trees.foreign
        return cls(foreign and not ours, step in trees.controllers and not ours and not foreign)


_NOBODY = _Owner(foreign_only=False, controller_only=False)


class _Overlay:
    def __init__(self, kind: Kind) -> None:
        self.declared: set[Path] = set()
        self._custom = kind.custom

    def value(self, declared: Json, live: Json, trees: _Trees, path: Path, owned_by: _Owner) -> Json:
        self.declared.add(path)
        if isinstance(declared, dict) and isinstance(live, dict):
            return self._map(declared, live, trees, path)
        if isinstance(declared, list) and isinstance(live, list):
            return self._list(declared, live, trees, path, owned_by)
        if declared == live or owned_by.controller_only:
            return declared
        if not self._custom and _QUANTITIES.intersection(map(str, path)) and same_quantity(declared, live):
            return declared
        return live

    def _map(self, declared: PropertyMap, live: PropertyMap, trees: _Trees, path: Path) -> PropertyMap:
        result: PropertyMap = {}
        for key, item in declared.items():
            if key in live:
                owner = _Owner.of(f"f:{key}", trees)
                result[key] = self.value(item, live[key], trees.below(key, live), (*path, key), owner)
            elif not self._custom and _vanishes(item):
                result[key] = item
        return result

    def _list(self, declared: list[Json], live: list[Json], trees: _Trees, path: Path, owned_by: _Owner) -> list[Json]:
        keys = fields.list_keys(trees.everyone)
        if keys is None and fields.is_set(trees.everyone):
            self.declared |= {(*path, live.index(item)) for item in declared if item in live}
            return [item for item in declared if item in live]
        if keys is None:
            return self._atomic(declared, live, trees, path, owned_by)
        result: list[Json] = []
        free = list(range(len(live)))
        for item in declared:
            index = next((index for index in free if _same_item(item, live[index], keys)), None)
            if index is not None:
                free.remove(index)
                result.append(self.value(item, live[index], trees.below(index, live), (*path, index), _NOBODY))
        return result

    def _atomic(
        self, declared: list[Json], live: list[Json], trees: _Trees, path: Path, owned_by: _Owner
    ) -> list[Json]:
        if len(declared) != len(live):
            return declared if owned_by.controller_only else live
        result = [
            self.value(item, live[index], trees.below(index, live), (*path, index), owned_by)
            for index, item in enumerate(declared)
        ]
        # what a foreign manager added inside an item has no owner of its own: the list is one field
        return live if result == declared and owned_by.foreign_only else result


def _vanishes(value: Json) -> bool:
    """Tell whether the server leaves a value out when it writes a built-in object (Go's `omitempty`)."""
    if isinstance(value, dict):
        return all(_vanishes(item) for item in value.values())
    return value in (None, False, 0, "", [])


def _same_item(declared: Json, live: Json, keys: Sequence[str]) -> bool:
    """Tell whether two items are one by their keys; a key left out is filled by the server's default."""
    if not isinstance(declared, dict) or not isinstance(live, dict):
        return bool(declared == live)
    return all(declared[key] == live.get(key) for key in keys if key in declared)


def compare(kind: Kind, declared: PropertyMap, live: PropertyMap) -> tuple[PropertyMap, list[Path]]:
    """Compare what is declared with the live object.

    Args:
        kind: what the object is.
        declared: the inputs, with the manifest's own key names.
        live: the live object with its `managedFields`.

    Returns:
        The declared values with the live ones in place of theirs (only declared paths; equal values keep their
        spelling; items of keyed lists stand in declared order), and the paths that were added by hand.
    """
    texts = declared.get("stringData")
    if is_secret(declared) and isinstance(texts, dict):
        data = live.get("data") or {}
        live = {**live, "stringData": {key: decode(data[key]) for key in texts if key in data}}
    listed = fields.entries(live)
    trees = _Trees(
        everyone=fields.owned(listed),
        foreign=fields.owned(
            entry for entry in listed if not fields.is_ours(entry) and not fields.is_control_plane(entry)
        ),
        controllers=fields.owned(entry for entry in listed if fields.is_control_plane(entry)),
        ours=fields.owned(entry for entry in listed if fields.is_ours(entry)),
    )
    overlay = _Overlay(kind)
    result = overlay.value(declared, live, trees, (), _NOBODY)
    known = overlay.declared | {("data", key) for key in texts or ()}
    return result, fields.foreign_paths(live, known)


def removal_patch(live: PropertyMap, foreign: Sequence[Path]) -> list[PropertyMap]:
    """Write the JSON patch that removes what was added by hand and forgets who added it.

    The foreign entries of `managedFields` go as well: values that the server fills in again by default would
    otherwise stay foreign for ever.
    """
    kept = [entry for entry in fields.entries(live) if not fields.is_foreign(entry)]
    patch: list[PropertyMap] = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]}
    ]
    # from the end, so that the removal of a list item does not move the others
    ordered = sorted(foreign, key=lambda path: [_order(step) for step in path], reverse=True)
    patch += [{"op": "remove", "path": "".join(f"/{_escape(step)}" for step in path)} for path in ordered]
    patch.append({"op": "replace", "path": "/metadata/managedFields", "value": kept})
    return patch


def _order(step: str | int) -> tuple[int, str]:
    return (step, "") if isinstance(step, int) else (-1, step)


def _escape(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
