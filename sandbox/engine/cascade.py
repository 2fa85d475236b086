"""What a resource that is deleted before it is replaced takes along: the dependents that must be replaced with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sandbox.engine.diff import diff
from sandbox.engine.provider import Provider, Target
from sandbox.engine.state.record import Record
from sandbox.engine.urns import parse
from sandbox.engine.values import UNKNOWN, PropertyMap, reveal, transform


def dependents_to_replace(
    urn: str,
    resources: Mapping[str, Record],
    settled: Collection[str],
    provider_of: Callable[[Record], Provider | None],
) -> list[Record]:
    """List the resources that cannot outlive `urn`, dependents before what they depend on.

    A dependent counts when one of its inputs comes from a resource that goes, and the provider could not change that
    input in place. Dependents that the running program has settled already (it no longer derives them from `urn`) and
    dependents by `depends_on` alone stay.
    """
    going: dict[str, Record] = {}
    gone = {urn}
    for record in resources.values():
        if record.urn in gone or record.urn in settled or not record.custom:
            continue
        moved = {key for key, urns in record.property_dependencies.items() if gone.intersection(urns)}
        provider = provider_of(record) if moved else None
        if provider is not None and _must_go(record, moved, provider):
            going[record.urn] = record
            gone.add(record.urn)
    return list(reversed(going.values()))


def _must_go(record: Record, moved: set[str], provider: Provider) -> bool:
    old = reveal(record.inputs)
    new: PropertyMap = {
        key: transform(value, lambda _: UNKNOWN) if key in moved else value for key, value in old.items()
    }
    target = Target(record.urn, record.type, parse(record.urn).name)
    return bool(provider.replaces(target, diff(old, new), old, new))
