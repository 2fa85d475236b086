"""Bringing the state up to what is really there: after an interrupted run, and on request (refresh)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from sandbox.engine.diff import diff
from sandbox.engine.events import Diagnostic, Emit
from sandbox.engine.executor import NOT_FINISHED
from sandbox.engine.provider import Live, Provider, Target
from sandbox.engine.providers.registry import ProviderRegistry
from sandbox.engine.secrecy import annotate
from sandbox.engine.state.record import Intent, Record
from sandbox.engine.state.store import Snapshot
from sandbox.engine.urns import parse
from sandbox.engine.values import reveal

_AT_ONCE = 32
"""Reads under way at one time."""


class Keeper(Protocol):
    """What is told of corrections: a state store during an apply, nobody during a plan."""

    def conclude(self, record: Record, *, former_urn: str = "", replaced: Record | None = None) -> None:
        """Keep a corrected record and remove its intent; condemn what it took the place of."""
        ...

    def forget(self, urn: str) -> None:
        """Remove a resource that is not there, with its intent."""
        ...

    def abandon(self, urn: str) -> None:
        """Remove an intent whose operation left nothing."""
        ...


class NoKeeper:
    """Keeps nothing: a plan corrects only its own copy."""

    def conclude(self, record: Record, *, former_urn: str = "", replaced: Record | None = None) -> None:
        """Keep nothing."""

    def forget(self, urn: str) -> None:
        """Keep nothing."""

    def abandon(self, urn: str) -> None:
        """Keep nothing."""


def recover(snapshot: Snapshot, providers: ProviderRegistry, keeper: Keeper, emit: Emit) -> None:
    """Settle every operation that an earlier run began and did not conclude.

    What such an operation left is adopted and marked for another update; what it did not leave is forgotten.

    Raises:
        ProviderError: a service cannot be asked; the intents stay.
    """
    for intent in snapshot.intents.values():
        record = _recovered(intent, snapshot, providers)
        if record is not None:
            emit(Diagnostic("info", f"an unfinished {intent.kind} is taken up again", intent.urn))
            _adopt(snapshot, record, intent, keeper)
        elif intent.kind == "create":
            keeper.abandon(intent.urn)
        else:
            snapshot.resources.pop(intent.urn, None)
            keeper.forget(intent.urn)
    snapshot.intents.clear()


def _adopt(snapshot: Snapshot, record: Record, intent: Intent, keeper: Keeper) -> None:
    replaced = intent.replaced
    keeper.conclude(record, former_urn=replaced.urn if replaced else "", replaced=replaced)
    if replaced is not None:
        snapshot.resources.pop(replaced.urn, None)
        if not replaced.retain_on_delete:
            snapshot.condemned[intent.nonce] = replaced
    snapshot.resources[record.urn] = record


def _recovered(intent: Intent, snapshot: Snapshot, providers: ProviderRegistry) -> Record | None:
    """Return what an operation left, None for nothing."""
    record, known = intent.record, snapshot.resources.get(intent.urn)
    provider = providers.get(record)
    target, inputs = _target(record), reveal(record.inputs)
    errors = (NOT_FINISHED[intent.kind],)
    secret = provider.secret_outputs(record.type)
    if intent.kind == "create":
        left = provider.recover(target, inputs, intent.nonce)
        if left is None or _belongs_to_another(record, left.id, snapshot):
            return None
        return replace(record, id=left.id, outputs=annotate(left.outputs, record.inputs, secret), errors=errors)
    known = known or record
    live = provider.read(target, known.id, inputs, reveal(known.outputs))
    if live is None:
        return None
    if intent.kind == "delete":
        return replace(record, errors=errors)
    # What the update was to remove may still be there: the old inputs keep it, so that the next one removes it again.
    seen = annotate(live.inputs, record.inputs, ())
    outputs = annotate(live.outputs, known.outputs, secret)
    return replace(known, inputs=known.inputs | seen, outputs=outputs, errors=errors)


def _belongs_to_another(record: Record, id: str, snapshot: Snapshot) -> bool:
    """Tell whether another resource of the stack has what was found by name, so that this one never made it."""
    sought = (record.type, record.provider, id)
    return any(
        (other.type, other.provider, other.id) == sought
        for other in snapshot.resources.values()
        if other.urn != record.urn
    )


@dataclass(frozen=True)
class Drift:
    """How a live resource differs from what the state says.

    Attributes:
        urn: the resource.
        gone: it was deleted.
        paths: properties that were changed or added.
    """

    urn: str
    gone: bool
    paths: tuple[str, ...] = ()


def refresh(
    snapshot: Snapshot,
    providers: ProviderRegistry,
    keeper: Keeper,
    emit: Emit,
    wanted: Callable[[Record], bool] = lambda _: True,
) -> list[Drift]:
    """Read every live resource and correct the snapshot: changed inputs take the live values, deleted ones go.

    Args:
        snapshot: corrected in place.
        providers: whom to ask.
        keeper: told of each correction.
        emit: told of each drift.
        wanted: which resources to read; all by default.

    Returns:
        The differences, in the state's order.

    Raises:
        ProviderError: a service cannot be asked.
    """
    records = [record for record in snapshot.resources.values() if _readable(record) and wanted(record)]
    drifts: list[Drift] = []
    for record, live in _read_all(records, providers):
        drift = _drift(record, live)
        if drift is None:
            continue
        drifts.append(drift)
        if live is None:
            emit(Diagnostic("info", "it no longer exists", record.urn))
            del snapshot.resources[record.urn]
            keeper.forget(record.urn)
            continue
        emit(Diagnostic("info", f"changed outside this program: {', '.join(drift.paths)}", record.urn))
        corrected = replace(
            record,
            inputs=annotate(live.inputs, record.inputs, ()),
            outputs=annotate(live.outputs, record.outputs, providers.get(record).secret_outputs(record.type)),
            errors=(f"changed outside this program: {', '.join(drift.paths)}",),
        )
        snapshot.resources[record.urn] = corrected
        keeper.conclude(corrected)
    return drifts


def _readable(record: Record) -> bool:
    return record.custom and not record.type.startswith("pulumi:") and not record.recorded


def _read_all(records: list[Record], providers: ProviderRegistry) -> Iterable[tuple[Record, Live | None]]:
    def read(record: Record) -> Live | None:
        provider: Provider = providers.get(record)
        return provider.read(_target(record), record.id, reveal(record.inputs), reveal(record.outputs))

    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="refresh") as pool:
        return list(zip(records, pool.map(read, records), strict=True))


def _drift(record: Record, live: Live | None) -> Drift | None:
    if live is None:
        return Drift(record.urn, gone=True)
    paths = [change.text for change in diff(reveal(record.inputs), live.inputs)]
    paths.extend(path for path in live.foreign if path not in paths)
    return Drift(record.urn, gone=False, paths=tuple(paths)) if paths else None


def _target(record: Record) -> Target:
    return Target(record.urn, record.type, parse(record.urn).name)
