from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import aiohttp

PRICES, PREDICTIONS = "commodity-prices", "ml-predictions"
Object = dict[str, Any]


class PathError(Exception):
    """The path did not do its part; the message says what happened.

    Attributes:
        hop: The service at which it ended.
    """

    def __init__(self, hop: str, reason: str) -> None:
        super().__init__(reason)
        self.hop = hop


class PathClient:
    """Somebody who posts prices to price-feed and watches stream-gateway for what becomes of them.

    Args:
        feed: Where price-feed answers.
        gateway: Where stream-gateway answers.
        token: A bearer token that may write and read.
        symbols: What to watch.
    """

    def __init__(self, feed: str, gateway: str, token: str, symbols: Sequence[str]) -> None:
        self._feed, self._gateway, self._symbols = feed, gateway, list(symbols)
        self._headers = {"authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[tuple[str, str], asyncio.Future[tuple[int, Object]]] = {}

    async def __aenter__(self) -> Self:
        """Open the WebSocket and subscribe.

        Raises:
            PathError: The gateway refuses, or does not answer.
        """
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=15))
        try:
            self._socket = await self._session.ws_connect(f"{self._gateway}/ws/stream", heartbeat=20)
            wanted = {"topics": [PRICES, PREDICTIONS], "symbols": self._symbols}
            await self._socket.send_json({"subscribe": wanted})
            first = await self._socket.receive_json(timeout=10)
        except (aiohttp.ClientError, TimeoutError, TypeError, ValueError) as error:
            await self._session.close()
            raise PathError("stream-gateway", f"no WebSocket at {self._gateway}: {_told(error)}") from error
        if "subscribed" not in first:
            await self._close()
            raise PathError("stream-gateway", f"it answers the subscription with {json.dumps(first)}")
        self._reader = asyncio.create_task(self._read(self._socket))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the WebSocket."""
        if self._reader:
            self._reader.cancel()
        await self._close()

    async def post(self, price: Mapping[str, Any]) -> tuple[int, str]:
        """Post a price; gives epoch microseconds before it was sent, and its trace.

        Raises:
            PathError: price-feed refuses it, or does not answer.
        """
        assert self._session is not None
        trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        loop = asyncio.get_running_loop()
        for topic in (PRICES, PREDICTIONS):
            self._waiting[topic, _identifier(trace)] = loop.create_future()
        sent_at = now()
        try:
            async with self._session.post(
                f"{self._feed}/v1/prices", json=dict(price), headers={"traceparent": trace}
            ) as answer:
                body = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PathError("price-feed", f"no answer from {self._feed}: {_told(error)}") from error
        if answer.status != 202:
            raise PathError("price-feed", f"it answers {answer.status}: {body[:500]}")
        return sent_at, trace

    async def seen(self, topic: str, trace: str, seconds: float) -> tuple[int, Object]:
        """When a record of a trace came, in epoch microseconds, and its envelope.

        Raises:
            TimeoutError: It did not come in time.
        """
        try:
            return await asyncio.wait_for(self._waiting[topic, _identifier(trace)], seconds)
        finally:
            self._waiting.pop((topic, _identifier(trace)), None)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            came_at, envelope = now(), json.loads(message.data)
            future = self._waiting.get((str(envelope.get("topic")), _identifier(str(envelope.get("traceparent")))))
            if future is not None and not future.done():
                future.set_result((came_at, envelope))

    async def _close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()


def a_price(symbol: str, price: str) -> Object:
    """A price as price-feed takes it, traded now."""
    traded_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"symbol": symbol, "price": price, "currency": "USD", "traded_at": traded_at}


def now() -> int:
    """Epoch microseconds."""
    return time.time_ns() // 1000


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _identifier(traceparent: str) -> str:
    """Of the trace: it stays, while each service on the way may put a span of its own behind it."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) > 1 else traceparent
