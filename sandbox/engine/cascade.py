"""What a resource that is deleted before it is replaced takes along: the dependents that must be replaced with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from sandbox.engine.deletion import in_order
from sandbox.engine.diff import covered, diff
from sandbox.engine.ignoring import ignore_changes
from sandbox.engine.provider import Provider, Target
from sandbox.engine.state.record import Record
from sandbox.engine.urns import parse
from sandbox.engine.values import UNKNOWN, PropertyMap, reveal, transform


def dependents_to_replace(
    urn: str,
    resources: Mapping[str, Record],
    settled: Collection[str],
    provider_of: Callable[[Record], Provider],
) -> list[Record]:
    """List the resources that cannot outlive `urn`, dependents before what they depend on.

    A dependent counts when one of its inputs comes from a resource that goes and that input could not be changed in
    place, or when it is deleted with one that goes. Dependents that the running program has settled already (it no
    longer derives them from `urn`) and dependents by `depends_on` alone stay.
    """
    going: dict[str, Record] = {}
    gone = {urn}
    rest = [record for record in resources.values() if record.custom and record.urn not in {urn, *settled}]
    while rest:
        found = [record for record in rest if _goes(record, gone, provider_of)]
        if not found:
            break
        going.update((record.urn, record) for record in found)
        gone.update(going)
        rest = [record for record in rest if record.urn not in gone]
    by_dependency_only = {urn: replace(record, deleted_with="") for urn, record in going.items()}
    return [going[record.urn] for record in in_order(by_dependency_only)]


def _goes(record: Record, gone: Collection[str], provider_of: Callable[[Record], Provider]) -> bool:
    if record.deleted_with in gone:
        return True
    moved = {key for key, urns in record.property_dependencies.items() if not set(urns).isdisjoint(gone)}
    if not moved:
        return False
    old = reveal(record.inputs)
    new: PropertyMap = {
        key: transform(value, lambda _: UNKNOWN) if key in moved else value for key, value in old.items()
    }
    new, _ = ignore_changes(new, old, record.ignore_changes)
    changes = diff(old, new)
    forced = any(covered(record.replace_on_changes, change.path) for change in changes)
    target = Target(record.urn, record.type, parse(record.urn).name)
    return bool(changes) and (forced or bool(provider_of(record).replaces(target, changes, old, new)))


class Doomed:
    """A resource that is deleted ahead of something that it depends on.

    Attributes:
        record: the resource.
        gone: it is deleted.
        declared: the program has declared it again, so it is created anew.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.gone = False
        self.declared = False
        self._settled = threading.Event()

    def settle(self, *, gone: bool) -> None:
        """Tell how the deletion ended; only the first word counts."""
        if not self._settled.is_set():
            self.gone = gone
            self._settled.set()

    def wait(self) -> bool:
        """Wait until the deletion has ended, and return whether it is gone."""
        self._settled.wait()
        return self.gone
