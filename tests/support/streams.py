"""Clients of a stream-gateway that runs as a process, by another WebSocket library than the gateway's own."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.kafka import Broker
from tests.support.service_process import ServiceProcess
from tests.support.tokens import Issuer


def start_gateway(folder: Path, broker: Broker, issuer: Issuer, topics: str, **settings: object) -> ServiceProcess:
    """A gateway of some topics, ready."""
    named = {f"STREAM_GATEWAY_{name.upper()}": str(value) for name, value in settings.items()}
    environment = issuer.environment("STREAM_GATEWAY_") | broker.environment("STREAM_GATEWAY_")
    gateway = ServiceProcess("stream_gateway", folder, environment | {"STREAM_GATEWAY_TOPICS": topics} | named)
    gateway.wait_until_ready()
    return gateway


class StreamClient:
    """Reads a stream, and after a loss goes on where it was, as a good client does.

    Attributes:
        offsets: by topic and partition the offsets in the order in which they came.
        messages: everything that came and is no record.
        closes: the code of each close.
    """

    def __init__(self, url: str, token: str, **subscription: Any) -> None:
        self._url, self._token, self._subscription = url, token, subscription
        self.offsets: dict[tuple[str, int], list[int]] = defaultdict(list)
        self.records: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.closes: list[int | None] = []
        self.subscribed = asyncio.Event()
        self._came = asyncio.Event()
        self._last: dict[str, dict[str, int]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> StreamClient:
        """Connect, and return once subscribed."""
        self._task = asyncio.create_task(self._run())
        await asyncio.wait_for(self.subscribed.wait(), 30)
        return self

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def until(self, records: int, seconds: float = 60) -> None:
        """Wait for so many records in all."""
        async with asyncio.timeout(seconds):
            while len(self.records) < records:
                self._came.clear()
                await self._came.wait()

    async def _run(self) -> None:
        while True:
            with suppress(aiohttp.ClientError, OSError):
                await self._stream()
            await asyncio.sleep(0.05)

    async def _stream(self) -> None:
        headers = {"authorization": f"Bearer {self._token}"}
        address = f"{self._url}/ws/stream"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(address, headers=headers, max_msg_size=0) as socket,
        ):
            await socket.send_json({"subscribe": {**self._subscription, "resume": self._last}})
            async for message in socket:
                self._receive(json.loads(message.data))
            self.closes.append(socket.close_code)

    def _receive(self, message: dict[str, Any]) -> None:
        if "offset" in message:
            self.offsets[message["topic"], message["partition"]].append(message["offset"])
            self.records.append(message)
            self._came.set()
            self._last.setdefault(message["topic"], {})[str(message["partition"])] = message["offset"]
            return
        self.messages.append(message)
        if "subscribed" in message:
            self._last = message["subscribed"]["position"]
            self.subscribed.set()
