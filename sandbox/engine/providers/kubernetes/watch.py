"""One list and watch per kind, shared by everybody who waits for objects of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable

import aiohttp

from sandbox.engine.provider import ProviderError
from sandbox.engine.providers.kubernetes.client import ApiClient, Call
from sandbox.engine.providers.kubernetes.discovery import Mapping
from sandbox.engine.providers.kubernetes.errors import RefusedError, unreachable
from sandbox.engine.values import Json, PropertyMap

Key = tuple[str, str]
"""Namespace and name (or whatever else objects are looked up by)."""

_LINGER = 5.0
"""Seconds that a watch stays open after its last waiter left; the next one then needs no new list."""
_WATCH_SECONDS = "300"
_PAGE = "500"
_RETRY_DELAY = 0.25
_GONE = 410


def key_of(obj: PropertyMap) -> Key:
    """Return namespace and name of an object."""
    metadata = obj["metadata"]
    return metadata.get("namespace") or "", metadata["name"]


def service_of(slice_: PropertyMap) -> Key:
    """Return namespace and name of the Service an EndpointSlice belongs to."""
    metadata = slice_["metadata"]
    return metadata.get("namespace") or "", (metadata.get("labels") or {}).get("kubernetes.io/service-name") or ""


class SharedWatch:
    """All objects of one kind, kept up to date as long as somebody listens.

    Args:
        client: how to reach the API server.
        mapping: the kind.
        group_by: what listeners ask by; several objects may share a key.
        ended: called when the watch ends because nobody listens any more.
    """

    def __init__(
        self,
        client: ApiClient,
        mapping: Mapping,
        group_by: Callable[[PropertyMap], Key],
        ended: Callable[[SharedWatch], None],
    ) -> None:
        self._client = client
        self._mapping = mapping
        self._group_by = group_by
        self._ended = ended
        self._objects: dict[Key, dict[Key, PropertyMap]] = defaultdict(dict)
        self._groups: dict[Key, Key] = {}
        self._listeners: dict[Key, set[asyncio.Event]] = defaultdict(set)
        self.version = 0
        self.synced = False
        self.error: ProviderError | None = None
        self._task = asyncio.get_running_loop().create_task(self._follow())
        self._task.add_done_callback(self._stopped)
        self._closing = asyncio.get_running_loop().call_later(_LINGER, self._close_if_idle)

    def listen(self, key: Key, changed: asyncio.Event) -> None:
        """Set an event whenever something with this key changes, or the watch fails."""
        self._listeners[key].add(changed)

    def ignore(self, key: Key, changed: asyncio.Event) -> None:
        """Stop setting an event."""
        listeners = self._listeners[key]
        listeners.discard(changed)
        if not listeners:
            del self._listeners[key]
        if not self._listeners:
            self._closing.cancel()
            self._closing = asyncio.get_running_loop().call_later(_LINGER, self._close_if_idle)

    def objects(self, key: Key) -> list[PropertyMap]:
        """Return the objects with this key."""
        return list(self._objects.get(key, {}).values())

    def _stopped(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._fail(ProviderError(f"the watch of {self._mapping.plural} ended by a defect: {task.exception()!r}"))

    def _close_if_idle(self) -> None:
        if not self._listeners:
            self._ended(self)
            self._task.cancel()

    async def _follow(self) -> None:
        failing_since: float | None = None
        while True:
            try:
                if not self.synced:
                    await self._list()
                failing_since = None
                await self._watch()
            except RefusedError as error:
                if error.code == _GONE:
                    self.synced = False
                    continue
                cause: Exception = error
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                cause = error
            except ProviderError as error:
                self._fail(error)
                return
            else:
                continue
            failing_since = failing_since or time.monotonic()
            elapsed = time.monotonic() - failing_since
            if elapsed > self._client.settings.retry_budget:
                action = f"watch {self._mapping.plural}"
                self._fail(unreachable(action, self._client.url, str(cause) or type(cause).__name__, elapsed))
                return
            # a server that came back may have lost what it had, so nothing is taken over from before
            self.synced = False
            await asyncio.sleep(_RETRY_DELAY)

    def _fail(self, error: ProviderError) -> None:
        self.error = error
        self._ended(self)
        self._closing.cancel()
        self._notify_all()

    async def _list(self) -> None:
        items: list[PropertyMap] = []
        version, token = "0", ""
        while True:
            params = (("limit", _PAGE), *((("continue", token),) if token else ()))
            call = Call("GET", self._mapping.collection(), f"list {self._mapping.plural}", params)
            page = await self._client.request(call)
            items += page.get("items") or ()
            version, token = page["metadata"]["resourceVersion"], page["metadata"].get("continue") or ""
            if not token:
                break
        self._objects.clear()
        self._groups.clear()
        for item in items:
            self._put(item)
        self.version = int(version)
        self.synced = True
        self._notify_all()

    async def _watch(self) -> None:
        params = (
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", str(self.version)),
            ("timeoutSeconds", _WATCH_SECONDS),
        )
        path, action = self._mapping.collection(), f"watch {self._mapping.plural}"
        async for line in self._client.lines(path, params, action):
            self._take(json.loads(line), action)

    def _take(self, event: Json, action: str) -> None:
        kind, obj = event["type"], event["object"]
        if kind == "ERROR":
            raise RefusedError(action, self._client.url, int(obj.get("code") or 500), obj)
        self.version = max(self.version, int(obj["metadata"]["resourceVersion"]))
        if kind == "BOOKMARK":
            return
        before = self._groups.get(key_of(obj))
        if kind == "DELETED":
            self._drop(obj)
        else:
            self._drop(obj)
            self._put(obj)
        for group in {before or self._group_by(obj), self._group_by(obj)}:
            for changed in self._listeners.get(group, ()):
                changed.set()

    def _put(self, obj: PropertyMap) -> None:
        # objects of a list carry no kind; a single one does, and outputs must look the same
        obj.setdefault("apiVersion", self._mapping.kind.api_version)
        obj.setdefault("kind", self._mapping.kind.kind)
        group = self._group_by(obj)
        self._groups[key_of(obj)] = group
        self._objects[group][key_of(obj)] = obj

    def _drop(self, obj: PropertyMap) -> None:
        group = self._groups.pop(key_of(obj), None)
        if group is not None:
            self._objects[group].pop(key_of(obj), None)
            if not self._objects[group]:
                del self._objects[group]

    def _notify_all(self) -> None:
        for listeners in list(self._listeners.values()):
            for changed in listeners:
                changed.set()


class Watches:
    """The watches in use, one per kind."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._open: dict[Mapping, SharedWatch] = {}

    def of(self, mapping: Mapping, group_by: Callable[[PropertyMap], Key] = key_of) -> SharedWatch:
        """Return the watch of a kind, starting it when there is none; listen to it before the next await."""
        if mapping not in self._open:
            self._open[mapping] = SharedWatch(self._client, mapping, group_by, self._remove)
        return self._open[mapping]

    def _remove(self, ended: SharedWatch) -> None:
        self._open = {mapping: watch for mapping, watch in self._open.items() if watch is not ended}
