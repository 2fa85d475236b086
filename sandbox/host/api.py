from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from sandbox.control_plane.api_client import ApiError

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
Object = dict[str, Any]
_ANSWER_SECONDS = 10.0
_WATCH_SECONDS = 300
_PAUSE_SECONDS = 0.3


class Api:
    """The API server, for the agent: one loop, many requests at once.

    Args:
        url: The API server.
        ca: Its CA certificate.
        cert: The client certificate.
        key: The key of that certificate.
    """

    def __init__(self, url: str, *, ca: Path, cert: Path, key: Path) -> None:
        self.url = url
        self.ca = ca
        self._tls = ssl.create_default_context(cafile=str(ca))
        self._tls.load_cert_chain(str(cert), str(key))
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._tls, keepalive_timeout=60)
        self._session = aiohttp.ClientSession(connector=connector, read_bufsize=2**20)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str) -> Any:
        """The JSON at a path.

        Raises:
            ApiError: It was refused, or there was no answer.
        """
        return await self.request("GET", path)

    async def find(self, path: str) -> Any | None:
        """The JSON at a path; None when nothing is there.

        Raises:
            ApiError: It was refused, or there was no answer.
        """
        try:
            return await self.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def request(self, method: str, path: str, body: Any = None, *, content_type: str = "application/json") -> Any:
        """Send a request and return the JSON of the answer.

        Raises:
            ApiError: It was refused, or there was no answer.
        """
        assert self._session is not None
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        try:
            async with self._session.request(
                method, self.url + path, data=data, headers=headers, timeout=timeout
            ) as answer:
                text = await answer.read()
                if answer.status >= 400:
                    raise ApiError.refused(method, path, answer.status, text)
                return json.loads(text or b"null")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(f"The API server does not answer: {error}", status=0, where=self.url) from error

    async def follow(self, path: str, handle: Callable[[str, Object], None], listed: Callable[[], None]) -> None:
        """Tell of all objects at a path and of every change, for ever; a server that is away is waited for.

        Args:
            path: A list, perhaps with a selector.
            handle: Told ``ADDED`` (also of what was known before a new listing), ``MODIFIED`` or ``DELETED``.
            listed: Called after each complete listing.
        """
        known: dict[str, Object] = {}
        while True:
            try:
                version = await self._list(path, known, handle)
                listed()
                async for event in self._watch(path, version):
                    kind, item = event["type"], event["object"]
                    if kind == "BOOKMARK":
                        continue
                    if kind == "ERROR":  # the version is too old: list again
                        break
                    uid = item["metadata"]["uid"]
                    if kind == "DELETED":
                        known.pop(uid, None)
                    else:
                        known[uid] = item
                    handle(kind, item)
            except ApiError:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _list(self, path: str, known: dict[str, Object], handle: Callable[[str, Object], None]) -> str:
        answer = await self.get(path)
        present = {item["metadata"]["uid"]: item for item in answer.get("items") or []}
        for uid in known.keys() - present.keys():
            handle("DELETED", known[uid])
        known.clear()
        known.update(present)
        for item in present.values():
            handle("ADDED", item)
        return str(answer["metadata"]["resourceVersion"])

    async def _watch(self, path: str, version: str) -> AsyncIterator[Object]:
        assert self._session is not None
        joint = "&" if "?" in path else "?"
        query = f"watch=true&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}&allowWatchBookmarks=true"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=_WATCH_SECONDS + 30)
        try:
            async with self._session.get(f"{self.url}{path}{joint}{query}", timeout=timeout) as answer:
                if answer.status >= 400:
                    raise ApiError.refused("GET", path, answer.status, await answer.read())
                rest = b""
                async for chunk in answer.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        if line:
                            yield json.loads(line)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ApiError(f"The watch of {path} broke off: {error}", status=0, where=self.url) from error


Fetch = Callable[[str], Awaitable[Any | None]]
"""Gets the object at a path; None when there is none."""


async def config_data(fetch: Fetch, namespace: str, name: str) -> dict[str, bytes] | None:
    """The entries of a ConfigMap; None when there is none."""
    found = await fetch(f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    if found is None:
        return None
    plain = {key: text.encode() for key, text in (found.get("data") or {}).items()}
    return plain | {key: base64.b64decode(text) for key, text in (found.get("binaryData") or {}).items()}


async def secret_data(fetch: Fetch, namespace: str, name: str) -> dict[str, bytes] | None:
    """The entries of a Secret; None when there is none."""
    found = await fetch(f"/api/v1/namespaces/{namespace}/secrets/{name}")
    if found is None:
        return None
    return {key: base64.b64decode(text) for key, text in (found.get("data") or {}).items()}
