"""Stand-ins for feature-server and model-server: real HTTP servers whose answers a test decides."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

UNKNOWN = "NONE"
"""The symbol of which the feature server knows nothing."""

UNLUCKY = 13.0
"""The price that the model server refuses with 422, naming its place."""


@dataclass
class PriceServices:
    """Two services in one server, which answer at once unless told otherwise.

    Attributes:
        url: where both listen.
        requests: paths that were asked for, and the number of items, in order.
        tokens: the `Authorization` headers that came.
        delay: seconds before each answer.
        status: answered instead of 200; 0 for a sound answer.
        garbage: bodies that are sent instead of an answer, one each, until none is left.
    """

    url: str = ""
    requests: list[tuple[str, int]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    delay: float = 0.0
    status: int = 0
    garbage: list[bytes] = field(default_factory=list)

    async def features(self, request: web.Request) -> web.Response:
        symbols = orjson.loads(await request.read())["symbols"]
        known = [symbol for symbol in symbols if symbol != UNKNOWN]
        rows = [
            {"symbol": each, "values": [1.0, 2.0], "as_of": None, "age_seconds": 1.0, "stale": False} for each in known
        ]
        missing = sorted(set(symbols) - set(known))
        return await self._answer(request, len(symbols), {"names": ["a", "b"], "rows": rows, "missing": missing})

    async def predict(self, request: web.Request) -> web.Response:
        inputs = orjson.loads(await request.read())["inputs"]
        unlucky = [place for place, one in enumerate(inputs) if one["price"] == UNLUCKY]
        if unlucky and not self.status:
            errors = [{"location": f"body.inputs.{place}.price", "message": "unlucky"} for place in unlucky]
            problem = {"title": "Unprocessable Entity", "status": 422, "detail": "not valid", "errors": errors}
            return _json(problem, 422)
        predictions = [
            {"symbol": one["symbol"], "prediction": one["price"] + 1, "direction": 1, "confidence": 0.6, "version": "1"}
            for one in inputs
        ]
        return await self._answer(
            request, len(inputs), {"version": "1", "variant": "champion", "predictions": predictions}
        )

    async def _answer(self, request: web.Request, items: int, answer: dict[str, Any]) -> web.Response:
        self.requests.append((request.path, items))
        self.tokens.add(request.headers.get("authorization"))
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.status:
            return _json({"title": "trouble", "status": self.status, "detail": "as the test wants it"}, self.status)
        if self.garbage:
            return web.Response(body=self.garbage.pop(), content_type="application/json")
        return _json(answer, 200)

    def application(self) -> web.Application:
        """Both services."""
        application = web.Application(client_max_size=1 << 24)
        application.router.add_post("/v1/features", self.features)
        application.router.add_post("/v1/models/commodity-price/predict", self.predict)
        return application


@contextmanager
def price_services(port: int = 0) -> Iterator[PriceServices]:
    """Both services on a loopback port, in a thread of their own: a test may block."""
    services = PriceServices()
    started, loop = threading.Event(), asyncio.new_event_loop()
    ending = asyncio.Event()

    async def serve() -> None:
        runner = web.AppRunner(services.application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        services.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()
        await ending.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield services
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)
        loop.close()


def _json(document: object, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(document), status=status, content_type="application/json")
