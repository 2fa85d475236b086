"""A client of the gateway's WebSocket door without a network: its protocol on one side, the gateway's on the other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from stream_gateway.gateway import Gateway
from stream_gateway.sockets import SocketStream
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri


class Wire:
    """A transport that hands what is written to a client; while `stuck` it only says that its buffer is full."""

    def __init__(self, made: Gateway, headers: Mapping[str, str | list[str]], path: str = "/ws/stream") -> None:
        self.stream = SocketStream(made, set(), set())
        offered = str(headers.get("Sec-WebSocket-Protocol", ""))
        known = [name.strip() for name in offered.split(",") if name.strip()] or None
        self.client = ClientProtocol(parse_uri(f"ws://gateway{path}"), subprotocols=known)  # type: ignore[arg-type]
        self.closed = self.stuck = self.unread = False
        self.buffer = b""
        self.messages: list[dict[str, Any]] = []
        self.refusal: Response | None = None
        self.close_code: int | None = None
        self.pings = 0
        request = self.client.connect()
        for name, value in headers.items():
            request.headers.pop(name, None)
            # Each assignment adds a line.
            for line in [value] if isinstance(value, str) else value:
                request.headers[name] = line
        self.stream.connection_made(self)  # type: ignore[arg-type]
        self.client.send_request(request)
        self.pump()

    def pump(self) -> None:
        for data in self.client.data_to_send():
            if data and not self.closed and not self.unread:
                self.stream.data_received(data)

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    def send(self, document: Any) -> None:
        self.client.send_text(orjson.dumps(document))
        self.pump()

    # The transport

    def write(self, data: bytes) -> None:
        assert not self.closed, "written after the close"
        self.buffer += data
        if not self.stuck:
            self.flush()

    def flush(self) -> None:
        data, self.buffer = self.buffer, b""
        self.client.receive_data(data)
        for event in self.client.events_received():
            if isinstance(event, Response):
                self.refusal = event if event.status_code != 101 else None
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.messages.append(orjson.loads(event.data))
            elif isinstance(event, Frame) and event.opcode is Opcode.PING:
                self.pings += 1
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self.close_code = self.client.close_rcvd.code if self.client.close_rcvd else None
        self.pump()

    def jam(self) -> None:
        self.stuck = True
        self.stream.pause_writing()

    def free(self) -> None:
        self.stuck = False
        self.flush()
        self.stream.resume_writing()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.stream.connection_lost(None)

    abort = close

    def pause_reading(self) -> None:
        self.unread = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return len(self.buffer)

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0


async def connect(made: Gateway, headers: Mapping[str, str | list[str]], **more: Any) -> Wire:
    wire = Wire(made, headers, **more)
    await wire.settle()
    return wire
