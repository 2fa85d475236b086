"""Field ownership: who set which field of an object, as `metadata.managedFields` records it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator

from sandbox.engine.values import Json, Path, PropertyMap

MANAGER = "pulumi-kubernetes"
"""Our field manager; one name for every run, so that fields left out of a later apply are removed."""

_CONTROL_PLANE = ("kube-", "kwok", "cloud-controller-manager", "kubelet", "etcd")

Tree = dict[str, "Tree"]
"""Owned fields as FieldsV1 writes them: `f:<name>`, `k:<keys as JSON>`, `v:<value as JSON>`, `i:<index>`, `.`."""


def merge(trees: Iterable[Tree]) -> Tree:
    """Unite several trees."""
    union: Tree = {}
    for tree in trees:
        for step, below in tree.items():
            union[step] = merge((union.get(step, {}), below))
    return union


def entries(live: PropertyMap) -> list[PropertyMap]:
    """List the entries of `managedFields`."""
    found = (live.get("metadata") or {}).get("managedFields")
    return list(found or ())


def is_control_plane(entry: PropertyMap) -> bool:
    """Tell whether an entry belongs to the control plane or its simulation."""
    manager = entry.get("manager") or ""
    return manager.startswith(_CONTROL_PLANE)


def is_ours(entry: PropertyMap) -> bool:
    """Tell whether an entry belongs to this provider."""
    return entry.get("manager") == MANAGER


def is_foreign(entry: PropertyMap) -> bool:
    """Tell whether an entry belongs to neither us nor the control plane; a subresource is nobody's declaration."""
    return not is_ours(entry) and not is_control_plane(entry) and not entry.get("subresource")


def owned(entries: Iterable[PropertyMap]) -> Tree:
    """Unite the fields of some entries."""
    return merge(entry.get("fieldsV1") or {} for entry in entries)


def list_keys(tree: Tree) -> tuple[str, ...] | None:
    """Return the names of the keys by which a list's items are told apart; None for a list without keys."""
    for step in tree:
        if step.startswith("k:"):
            return tuple(json.loads(step[2:]))
    return None


def is_set(tree: Tree) -> bool:
    """Tell whether a list is a set of plain values."""
    return any(step.startswith("v:") for step in tree)


def child(tree: Tree, step: str | int, parent: Json) -> Tree:
    """Return the part of a tree that is below one step of a live value."""
    if isinstance(step, str):
        return tree.get(f"f:{step}", {})
    item = parent[step]
    for name, below in tree.items():
        if _names(name, item, step):
            return below
    return {}


def _names(step: str, item: Json, index: int) -> bool:
    if step.startswith("k:"):
        return isinstance(item, dict) and all(item.get(key) == value for key, value in json.loads(step[2:]).items())
    if step.startswith("v:"):
        return bool(json.loads(step[2:]) == item)
    return step == f"i:{index}"


def resolve(step: str, live: Json) -> str | int | None:
    """Turn one step of a tree into the key or index it has in a live value; None when it is not there any more."""
    if step.startswith("f:"):
        return step[2:] if isinstance(live, dict) and step[2:] in live else None
    if isinstance(live, list):
        return next((index for index, item in enumerate(live) if _names(step, item, index)), None)
    return None


def foreign_paths(live: PropertyMap, declared: Collection[Path]) -> list[Path]:
    """List what somebody added to an object by hand: the topmost paths that neither we nor the control plane own.

    Args:
        live: the object with its `managedFields`.
        declared: the paths, with the live object's indexes, that the program declares; a different value there is a
            difference, no addition.
    """
    listed = entries(live)
    theirs = owned(entry for entry in listed if is_foreign(entry))
    known = owned(entry for entry in listed if not is_foreign(entry))
    return list(_only_theirs(theirs, known, live, (), declared))


def _only_theirs(theirs: Tree, known: Tree, live: Json, path: Path, declared: Collection[Path]) -> Iterator[Path]:
    for step, below in theirs.items():
        position = None if step == "." else resolve(step, live)
        if position is None:
            continue
        here = (*path, position)
        # labels and annotations are named one by one, since that is what somebody wrote
        whole = (not below or "." in below) and here not in (("metadata", "labels"), ("metadata", "annotations"))
        if whole and step not in known and here not in declared:
            yield here
        else:
            yield from _only_theirs(below, known.get(step, {}), live[position], here, declared)
