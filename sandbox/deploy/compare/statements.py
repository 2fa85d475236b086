"""What a rendering allows and forbids, as statements that can be held against those of another rendering."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.deploy.compare.phrase import Phrase
from sandbox.engine.events import StepPlanned

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Statement:
    """One thing that holds.

    Attributes:
        now: what to say when it holds now and did not before.
        no_longer: what to say when it held before and does not now.
        forbids: it forbids something, so that its end opens what its beginning closes.
        about: what it is about, when that can be covered by a statement on all of `within`; empty for all of it.
        within: the namespace and the kind of statement; empty for one that stands for itself.
    """

    now: Phrase
    no_longer: Phrase
    forbids: bool = False
    about: str = ""
    within: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turns:
    """What becomes possible and what ceases to be.

    Attributes:
        opened: allowed now, or no longer forbidden.
        closed: no longer allowed, or forbidden now.
    """

    opened: tuple[Phrase, ...] = ()
    closed: tuple[Phrase, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything turns."""
        return bool(self.opened or self.closed)


def turns(old: Iterable[Statement], new: Iterable[Statement], gone: frozenset[str] = frozenset()) -> Turns:
    """Hold the statements of two renderings against each other.

    What forbids something to some pods of a namespace says nothing where the same is forbidden to all of them.

    Args:
        old: the statements of the base.
        new: those here.
        gone: namespaces that are no more: what was forbidden in them is not allowed now.
    """
    before, after = (_uncovered(each) for each in (old, new))
    begun = after - before
    ended = {each for each in before - after if not (each.forbids and each.within and each.within[0] in gone)}
    opened = {each.now for each in begun if not each.forbids} | {each.no_longer for each in ended if each.forbids}
    closed = {each.no_longer for each in ended if not each.forbids} | {each.now for each in begun if each.forbids}
    return Turns(tuple(sorted(opened)), tuple(sorted(closed)))


def _uncovered(statements: Iterable[Statement]) -> set[Statement]:
    found = set(statements)
    whole = {each.within for each in found if each.within and not each.about}
    return {each for each in found if not each.about or each.within not in whole}


def gone_namespaces(base: Iterable[StepPlanned], head: Iterable[StepPlanned]) -> frozenset[str]:
    """Return the namespaces that only the base has."""
    old, new = ({name_of(each) for each in manifests(steps, "", "Namespace")} for steps in (base, head))
    return frozenset(old - new)


def manifests(steps: Iterable[StepPlanned], group: str, kind: str) -> Iterator[Manifest]:
    """Yield the Kubernetes objects of a kind, of whatever version of its API group (empty for the core group)."""
    for step in steps:
        module, _, name = step.type.removeprefix("kubernetes:").rpartition(":")
        if step.type.startswith("kubernetes:") and name == kind and module.rpartition("/")[0] == (group or "core"):
            yield step.inputs


def namespace_of(manifest: Manifest) -> str:
    """Return the namespace that an object is in."""
    return str(mapping(manifest, "metadata").get("namespace") or "default")


def name_of(manifest: Manifest) -> str:
    """Return an object's name."""
    return str(mapping(manifest, "metadata").get("name") or "unnamed")


def mapping(value: Any, *steps: str) -> Mapping[str, Any]:
    """Return the mapping at a place, empty where there is none (also for what is unknown)."""
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any, *steps: str) -> list[Any]:
    """Return the list at a place, empty where there is none."""
    *above, last = steps
    found = mapping(value, *above).get(last)
    return found if isinstance(found, list) else []


def compact(value: Any) -> str:
    """Write a value in one line."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def labels_text(selector: Any) -> str:
    """Write a label selector in one line; empty for one that selects everything."""
    parts = [f"{key}={compact(value)}" for key, value in sorted(mapping(selector, "matchLabels").items())]
    for item in sequence(selector, "matchExpressions"):
        values = sorted(compact(value) for value in sequence(item, "values"))
        operator = compact(mapping(item).get("operator"))
        parts.append(
            " ".join([compact(mapping(item).get("key")), operator, *([f"({', '.join(values)})"] if values else [])])
        )
    if parts or not selector or not isinstance(selector, str | list):
        return ", ".join(parts)
    return compact(selector)
