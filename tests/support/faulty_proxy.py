"""A plain-text proxy on loopback that stands before an API server and fails as a test wants."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Self

import aiohttp
from aiohttp import web

from sandbox.engine.providers.kubernetes import Connection

Fault = Callable[[web.Request], "web.Response | float | None"]
"""Decides on a request: answer it so, hold it for so many seconds, or let it pass."""


class FaultyProxy:
    """Forwards every request with the administrator's credentials unless `fault` decides otherwise.

    Attributes:
        url: where it listens.
        fault: may be exchanged at any time.
        seen: method and path of each request.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tls = connection.tls()
        self.fault: Fault = lambda _: None
        self.seen: list[tuple[str, str]] = []
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._session.close(), self._loop).result()
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _start(self) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=self._tls))
        await self._listen(0)

    async def _listen(self, port: int) -> None:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def stop(self) -> None:
        """Close the port and every connection, as a killed server does."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()

    def restart(self) -> None:
        """Listen again on the same port."""
        port = int(self.url.rsplit(":", 1)[1])
        asyncio.run_coroutine_threadsafe(self._listen(port), self._loop).result()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path))
        decision = self.fault(request)
        if isinstance(decision, web.Response):
            return decision
        if decision is not None:
            await asyncio.sleep(decision)
        headers = {name: request.headers[name] for name in ("Accept", "Content-Type") if name in request.headers}
        url = f"{self._connection.url}{request.raw_path}"
        body = await request.read()
        async with self._session.request(request.method, url, data=body or None, headers=headers) as upstream:
            answer = web.StreamResponse(status=upstream.status, headers={"Content-Type": "application/json"})
            await answer.prepare(request)
            async for chunk in upstream.content.iter_any():
                await answer.write(chunk)
            await answer.write_eof()
            return answer
