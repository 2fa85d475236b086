"""Deleting many resources: dependents before what they depend on, as much at once as that allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from sandbox.engine.executor import StepFailedError
from sandbox.engine.goal import UnsupportedError
from sandbox.engine.state.record import Record
from sandbox.errors import SandboxError

_AT_ONCE = 32
"""Deletions under way at one time; the API server and the AWS emulator answer no faster with more."""


def waits_for(records: Mapping[str, Record]) -> dict[str, set[str]]:
    """Return, for each key, the keys of the records that must be deleted before it.

    Dependents go first. What is deleted along with something else is forgotten after that one is gone, so that a
    failure loses track of nothing.

    Args:
        records: what is to be deleted; several may have one URN (a resource and what it took the place of).
    """
    keys: dict[str, set[str]] = {}
    for key, record in records.items():
        keys.setdefault(record.urn, set()).add(key)
    waits: dict[str, set[str]] = {key: set() for key in records}
    for key, record in records.items():
        target = taken_along_by(key, records)
        waits[key] |= keys.get(target, set())
        for needed in _needs(record):
            carrier = "" if target else taken_along_by(needed, records)
            for urn in {needed, carrier or needed} - {target, record.urn}:
                for other in keys.get(urn, ()):
                    waits[other].add(key)
    return waits


def taken_along_by(key: str, records: Mapping[str, Record]) -> str:
    """Return the URN whose deletion deletes a record as well; "" when it has to be deleted by itself.

    What a replacement left behind (its key is not its URN) takes nothing along: the new one still stands.

    Args:
        key: the record's key.
        records: what is to be deleted.
    """
    carrier = ""
    while key in records and records[key].urn == key and records[key].deleted_with in records:
        carrier = key = records[key].deleted_with
    if not carrier or records[carrier].retain_on_delete or not records[carrier].custom:
        return ""
    return carrier


def _needs(record: Record) -> Iterable[str]:
    yield from record.dependencies
    for dependencies in record.property_dependencies.values():
        yield from dependencies
    yield record.parent
    yield record.provider.rsplit("::", 1)[0]


def in_order(records: Mapping[str, Record]) -> list[Record]:
    """List records in an order in which they may be deleted one after another."""
    waits = waits_for(records)
    ordered: list[Record] = []
    while waits:
        ready = [urn for urn, blockers in waits.items() if not blockers] or [_latest(records, waits)]
        for urn in ready:
            ordered.append(records[urn])
            del waits[urn]
        for blockers in waits.values():
            blockers.difference_update(ready)
    return ordered


def _latest(records: Mapping[str, Record], waits: Mapping[str, set[str]]) -> str:
    return max(waits, key=lambda urn: records[urn].sequence)


def delete_all(
    records: Mapping[str, Record], delete: Callable[[str, Record], None], cancelled: threading.Event
) -> list[Exception]:
    """Delete records concurrently; what waits for one that failed is left alone.

    Args:
        records: what to delete, by URN or by any other key.
        delete: called with key and record; deletes one; raises StepFailedError, UnsupportedError or SandboxError.
        cancelled: set to begin no further deletion.

    Returns:
        The failures; empty when everything is gone.
    """
    waits = waits_for(records)
    failures: list[Exception] = []
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="delete") as pool:
        while True:
            ready = [] if cancelled.is_set() else [urn for urn, blockers in waits.items() if not blockers]
            if not ready and not running:
                if waits and not failures and not cancelled.is_set():
                    ready = [_latest(records, waits)]
                else:
                    return failures
            for urn in ready:
                del waits[urn]
                running[pool.submit(delete, urn, records[urn])] = urn
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                urn = running.pop(future)
                error = future.exception()
                if isinstance(error, StepFailedError | UnsupportedError | SandboxError):
                    failures.append(error)
                elif error is not None:
                    raise error
                else:
                    for blockers in waits.values():
                        blockers.discard(urn)
