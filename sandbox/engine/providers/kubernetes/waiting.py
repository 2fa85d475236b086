"""Waiting until an object is ready or gone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from sandbox.engine.provider import Operation, ProviderError
from sandbox.engine.providers.kubernetes.client import ApiClient, Call
from sandbox.engine.providers.kubernetes.diagnosis import diagnose
from sandbox.engine.providers.kubernetes.discovery import Discovery, Mapping
from sandbox.engine.providers.kubernetes.errors import RefusedError
from sandbox.engine.providers.kubernetes.kinds import Kind
from sandbox.engine.providers.kubernetes.readiness import Judge, Related, judge_of
from sandbox.engine.providers.kubernetes.watch import Key, SharedWatch, Watches, key_of, service_of
from sandbox.engine.values import PropertyMap, get_path

_TICK = 0.2
"""Seconds between two looks at whether a run was cancelled, for all waiters together."""
_SLICES = Kind("discovery.k8s.io", "v1", "EndpointSlice")
_STORAGE_CLASS = Kind("storage.k8s.io", "v1", "StorageClass")


class NotReadyError(ProviderError):
    """An object exists, but did not become what was waited for.

    Attributes:
        live: its last known state.
    """

    def __init__(self, message: str, live: PropertyMap) -> None:
        super().__init__(message)
        self.live = live


class DeletedError(ProviderError):
    """An object was deleted by somebody else while it was waited for."""


@dataclass
class _Wait:
    """One wait.

    Attributes:
        title: what is waited for, as the beginning of a message.
        changed: set when something it depends on changed.
        cancelled: set when the run stops.
        deadline: when it ends, by the monotonic clock.
    """

    title: str
    cancelled: threading.Event
    deadline: float
    seconds: float
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Waiter:
    """Waits by watches; every wait is one small coroutine on the client's loop."""

    def __init__(self, client: ApiClient, discovery: Discovery) -> None:
        self._client = client
        self._discovery = discovery
        self._watches = Watches(client)
        self._by_id: dict[int, _Wait] = {}
        self._ticker: asyncio.Task[None] | None = None

    async def until_ready(
        self, mapping: Mapping, applied: PropertyMap, operation: Operation, seconds: float
    ) -> PropertyMap:
        """Wait until an object that was just applied is ready; return its live state.

        Raises:
            NotReadyError: it failed, or the time ran out; the message holds a diagnosis.
            ProviderError: it was deleted meanwhile, the server is gone, or the run was cancelled.
        """
        judge = judge_of(mapping.kind)
        if judge is None:
            return applied
        related = await self._related(mapping.kind, applied)
        first = judge(applied, related)
        if first.state == "ready":
            return applied
        wait = self._begin(f"{mapping.kind.kind} {_text(key_of(applied))}", operation, seconds)
        with ExitStack() as stack:
            stack.callback(self._end, wait)
            watch = self._subscribe(stack, mapping, key_of, key_of(applied), wait)
            slices: SharedWatch | None = None
            if mapping.kind.kind == "Service":
                slices_mapping = await self._discovery.mapping(_SLICES)
                slices = self._subscribe(stack, slices_mapping, service_of, key_of(applied), wait)
            return await self._watch_ready(wait, watch, slices, judge, related, applied, operation)
        raise AssertionError  # pragma: no cover  ExitStack swallows nothing

    async def _watch_ready(
        self,
        wait: _Wait,
        watch: SharedWatch,
        slices: SharedWatch | None,
        judge: Judge,
        related: Related,
        applied: PropertyMap,
        operation: Operation,
    ) -> PropertyMap:
        latest, said = applied, ""
        while True:
            wait.changed.clear()
            live = _current(watch, applied)
            if live is not None:
                latest = live
            if slices is not None:
                related = Related(slices=slices.objects(key_of(applied)), binding_mode=related.binding_mode)
            verdict = judge(latest, related)
            _raise_error(watch, slices)
            if live is None and _is_gone(watch, applied):
                raise DeletedError(f"{wait.title}: deleted by somebody else while waiting for it; run again")
            if live is not None and verdict.state == "ready":
                return latest
            if verdict.state == "failed":
                raise NotReadyError(await self._explain(wait.title, verdict.text, latest), latest)
            if verdict.text != said:
                said = verdict.text
                operation.report(said)
            if not await self._next(wait):
                text = f"not ready after {wait.seconds:.0f} s: {verdict.text}"
                raise NotReadyError(await self._explain(wait.title, text, latest), latest)

    async def until_gone(self, mapping: Mapping, last: PropertyMap, operation: Operation, seconds: float) -> None:
        """Wait until an object whose deletion has begun is gone.

        Raises:
            NotReadyError: the time ran out; the message names the finalizers that hold it.
            ProviderError: the server is gone, or the run was cancelled.
        """
        wait = self._begin(f"{mapping.kind.kind} {_text(key_of(last))}", operation, seconds)
        with ExitStack() as stack:
            stack.callback(self._end, wait)
            watch = self._subscribe(stack, mapping, key_of, key_of(last), wait)
            latest, said = last, ""
            while True:
                wait.changed.clear()
                live = next(iter(watch.objects(key_of(last))), None)
                _raise_error(watch)
                if live is None and watch.synced and watch.version >= _version(last):
                    return
                if live is not None and live["metadata"]["uid"] != last["metadata"]["uid"]:
                    return
                latest = live or latest
                if _held_by(latest) != said:
                    said = _held_by(latest)
                    operation.report(said)
                if not await self._next(wait):
                    text = f"not gone {wait.seconds:.0f} s after its deletion began: {_held_by(latest)}"
                    raise NotReadyError(await self._explain(wait.title, text, latest), latest)

    def _subscribe(
        self,
        stack: ExitStack,
        mapping: Mapping,
        group_by: Callable[[PropertyMap], Key],
        key: Key,
        wait: _Wait,
    ) -> SharedWatch:
        watch = self._watches.of(mapping, group_by)
        watch.listen(key, wait.changed)
        stack.callback(watch.ignore, key, wait.changed)
        return watch

    async def _related(self, kind: Kind, obj: PropertyMap) -> Related:
        name = get_path(obj, ("spec", "storageClassName"))
        if kind.kind != "PersistentVolumeClaim" or not name:
            return Related()
        mapping = await self._discovery.mapping(_STORAGE_CLASS)
        try:
            found = await self._client.request(Call("GET", mapping.path("", name), f"read StorageClass {name}"))
        except RefusedError:
            return Related()
        return Related(binding_mode=found.get("volumeBindingMode") or "")

    async def _explain(self, title: str, text: str, live: PropertyMap) -> str:
        lines = await diagnose(self._client, self._discovery, live)
        return "\n".join([f"{title}: {text}", *(f"  {line}" for line in lines)])

    def _begin(self, title: str, operation: Operation, seconds: float) -> _Wait:
        wait = _Wait(title, operation.cancelled, time.monotonic() + seconds, seconds)
        self._by_id[id(wait)] = wait
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.get_running_loop().create_task(self._tick())
        return wait

    def _end(self, wait: _Wait) -> None:
        del self._by_id[id(wait)]

    async def _tick(self) -> None:
        while self._by_id:
            for wait in self._by_id.values():
                if wait.cancelled.is_set():
                    wait.changed.set()
            await asyncio.sleep(_TICK)

    async def _next(self, wait: _Wait) -> bool:
        """Sleep until something changed; False when the time is over."""
        left = wait.deadline - time.monotonic()
        try:
            await asyncio.wait_for(wait.changed.wait(), max(left, 0))
        except TimeoutError:
            return False
        if wait.cancelled.is_set():
            raise ProviderError(f"{wait.title}: no longer waited for, because the run was stopped")
        return True


def _current(watch: SharedWatch, applied: PropertyMap) -> PropertyMap | None:
    """Return the watched state of an applied object unless it is older than what was applied."""
    for obj in watch.objects(key_of(applied)):
        if obj["metadata"]["uid"] == applied["metadata"]["uid"] and _version(obj) >= _version(applied):
            return obj
    return None


def _is_gone(watch: SharedWatch, applied: PropertyMap) -> bool:
    return (
        watch.synced
        and watch.version > _version(applied)
        and not any(obj["metadata"]["uid"] == applied["metadata"]["uid"] for obj in watch.objects(key_of(applied)))
    )


def _raise_error(*watches: SharedWatch | None) -> None:
    for watch in watches:
        if watch is not None and watch.error is not None:
            raise watch.error


def _held_by(obj: PropertyMap) -> str:
    metadata = obj["metadata"]
    held = [*(metadata.get("finalizers") or ()), *(get_path(obj, ("spec", "finalizers")) or ())]
    if held:
        return f"held by its finalizers {', '.join(held)}"
    return "its pods or dependents are still stopping"


def _version(obj: PropertyMap) -> int:
    return int(obj["metadata"]["resourceVersion"])


def _text(key: Key) -> str:
    return "/".join(part for part in key if part)
