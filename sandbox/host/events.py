from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from sandbox.control_plane.api_client import ApiError
from sandbox.host.api import MERGE, Api
from sandbox.host.podstatus import timestamp

Object = dict[str, Any]
_AGAIN_SECONDS = 10.0


class Events:
    """Writes events of pods, one object for what is said over and over.

    Args:
        api: Where to.
        node: The node that says it.
    """

    def __init__(self, api: Api, node: str) -> None:
        self._api = api
        self._node = node
        self._said: dict[tuple[str, str, str], list[Any]] = {}  # name of the event, count, when it was last written
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, pod: Object, reason: str, message: str, *, warning: bool = False) -> None:
        """Say something of a pod. It is written in the background; what cannot be written is lost."""
        self._about(_reference(pod, "v1", "Pod", pod["metadata"]), reason, message, warning=warning)
        for owner in pod["metadata"].get("ownerReferences") or []:
            if warning and owner["kind"] == "Job":  # its pods, and what was said of them, are gone when it has failed
                about = _reference(pod, owner["apiVersion"], "Job", owner)
                self._about(about, reason, message, warning=warning)

    def _about(self, about: Object, reason: str, message: str, *, warning: bool) -> None:
        key = (about["uid"], reason, message)
        known = self._said.get(key)
        if known is None:
            name = f"{about['name'][:200]}.{time.time_ns():x}"
            self._said[key] = [name, 1, time.monotonic()]
            self._send(self._create(about, name, reason, message, warning=warning))
            return
        known[1] += 1
        if time.monotonic() - known[2] >= _AGAIN_SECONDS:
            known[2] = time.monotonic()
            self._send(self._count(about, known[0], known[1]))

    def forget(self, uid: str) -> None:
        """A pod is gone."""
        for key in [key for key in self._said if key[0] == uid]:
            del self._said[key]

    def _send(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _create(self, about: Object, name: str, reason: str, message: str, *, warning: bool) -> None:
        now = timestamp()
        body = {
            "metadata": {"name": name, "namespace": about["namespace"]},
            "involvedObject": about,
            "reason": reason,
            "message": message[:1000],
            "type": "Warning" if warning else "Normal",
            "source": {"component": "sandbox-host", "host": self._node},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        with contextlib.suppress(ApiError):  # its namespace may be going
            await self._api.request("POST", f"/api/v1/namespaces/{about['namespace']}/events", body)

    async def _count(self, about: Object, name: str, count: int) -> None:
        path = f"/api/v1/namespaces/{about['namespace']}/events/{name}"
        with contextlib.suppress(ApiError):
            await self._api.request("PATCH", path, {"count": count, "lastTimestamp": timestamp()}, content_type=MERGE)


def _reference(pod: Object, version: str, kind: str, named: Object) -> Object:
    namespace = pod["metadata"]["namespace"]
    return {"apiVersion": version, "kind": kind, "namespace": namespace, "name": named["name"], "uid": named["uid"]}
