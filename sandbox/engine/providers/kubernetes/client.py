"""Requests to the API server: one event loop in a thread of its own, one session, bounded retries."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import threading
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from sandbox.engine.provider import ProviderError
from sandbox.engine.providers.kubernetes.connection import Connection, Settings
from sandbox.engine.providers.kubernetes.errors import RefusedError, unreachable, untrusted
from sandbox.engine.values import Json

T = TypeVar("T")

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 3.0
_CONNECT_TIMEOUT = 5.0
_STREAM_CHUNK = 1 << 18
_SILENCE = 90.0
"""Seconds after which a silent watch is taken for dead; a live one carries a bookmark about every minute."""


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        method: the HTTP method.
        path: from the root, already escaped.
        action: what it is for, as the beginning of an error message: `create ConfigMap "app/config"`.
        params: the query.
        body: the bytes to send.
        content: the body's media type.
        accept: the media types wanted back.
        cancelled: stops the retries when set.
    """

    method: str
    path: str
    action: str
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content: str = JSON
    accept: str = JSON
    cancelled: threading.Event | None = None


class ApiClient:
    """A client that any thread may use through `run`; everything else happens on its own event loop.

    Args:
        connection: the API server and the credentials.
        settings: limits and patience.
    """

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.url = connection.url.rstrip("/")
        self.settings = settings
        self._tls = connection.tls()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="kubernetes-provider", daemon=True)
        self._thread.start()
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(settings.connections)
        self._closed = False

    def run(self, work: Coroutine[None, None, T]) -> T:
        """Run a coroutine on the loop and return its result; blocks the calling thread.

        Raises:
            ProviderError: whatever the coroutine raises, or that the provider was closed.
        """
        if self._closed:
            work.close()
            raise ProviderError(f"the connection to {self.url} was closed while something was still being done")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def request(self, call: Call) -> Json:
        """Send a request, again as long as its failure may pass, and return the answer.

        Raises:
            RefusedError: the server refused it for good.
            UnreachableError: no proper answer within the retry budget.
            ProviderError: the run was cancelled.
        """
        started = time.monotonic()
        delay = _FIRST_DELAY
        while True:
            try:
                async with self._slots:
                    return await self._once(call)
            except RefusedError as error:
                if not error.transient:
                    raise
                cause, wait = f"{error.code} {error.text}", error.retry_after
            except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError) as error:
                raise untrusted(call.action, self.url, str(error)) from error
            except (aiohttp.ClientError, TimeoutError, ConnectionError, ssl.SSLError, ValueError) as error:
                cause, wait = _describe(error, self.settings.request_timeout), 0.0
            pause = max(wait, delay * random.uniform(0.5, 1.0))  # noqa: S311 spreads retries, guards nothing
            elapsed = time.monotonic() - started
            if elapsed + pause > self.settings.retry_budget:
                raise unreachable(call.action, self.url, cause, elapsed)
            if call.cancelled is not None and call.cancelled.is_set():
                raise ProviderError(f"{call.action}: stopped before it succeeded; last: {cause}")
            await asyncio.sleep(pause)
            delay = min(delay * 2, _LONGEST_DELAY)

    async def _once(self, call: Call) -> Json:
        session = await self._open()
        headers = {"Accept": call.accept, "Accept-Encoding": "identity"}
        if call.body is not None:
            headers["Content-Type"] = call.content
        timeout = aiohttp.ClientTimeout(total=self.settings.request_timeout, sock_connect=_CONNECT_TIMEOUT)
        address = self.address(call.path, call.params)
        async with session.request(call.method, address, data=call.body, headers=headers, timeout=timeout) as response:
            payload = await response.read()
            if response.status >= 400:
                error = RefusedError(call.action, self.url, response.status, _status(payload))
                error.retry_after = _seconds(response.headers.get("Retry-After"))
                raise error
            return json.loads(payload)

    async def lines(self, path: str, params: tuple[tuple[str, str], ...], action: str) -> AsyncIterator[bytes]:
        """Follow a watch line by line until the server ends it; no retry, no limit of connections.

        Raises:
            RefusedError: the server refused it.
            aiohttp.ClientError, TimeoutError: the connection failed.
        """
        session = await self._open()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT, sock_read=_SILENCE)
        headers = {"Accept": JSON, "Accept-Encoding": "identity"}
        async with session.get(self.address(path, params), headers=headers, timeout=timeout) as response:
            if response.status >= 400:
                raise RefusedError(action, self.url, response.status, _status(await response.read()))
            rest = b""
            async for chunk in response.content.iter_any():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    if line:
                        yield line

    def address(self, path: str, params: tuple[tuple[str, str], ...] = ()) -> URL:
        """Build the whole address of an escaped path."""
        return URL(f"{self.url}{path}{'?' + urlencode(params) if params else ''}", encoded=True)

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ssl=self._tls)
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=False, read_bufsize=_STREAM_CHUNK, trust_env=False
            )
        return self._session

    def close(self) -> None:
        """End every request and watch, and stop the thread; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _shut(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


def _status(payload: bytes) -> Json:
    try:
        return json.loads(payload)
    except ValueError:
        return payload[:300].decode(errors="replace")


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 0.0


def _describe(error: Exception, request_timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {request_timeout:.0f} s"
    if isinstance(error, ValueError):
        return f"an answer that is no JSON ({error})"
    return str(error) or type(error).__name__
