"""The WebSocket door: one connection without a task of its own, written to directly.

uvicorn hands a connection over once it asks to become a WebSocket. The handshake and what comes in are the work of
websockets' protocol without I/O; what goes out are frames that are made once for all connections.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, cast

import orjson
from servicekit.auth import Principal, Refused
from servicekit.auth.guard import headers_of
from servicekit.auth.verify import bearer
from servicekit.errors import Problem
from servicekit.logs import get_logger
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from stream_gateway import messages
from stream_gateway.allowance import Allowance
from stream_gateway.envelope import Item
from stream_gateway.frames import PING, close_frame
from stream_gateway.gateway import Gateway
from stream_gateway.messages import MOST_CHARACTERS, Invalid
from stream_gateway.outbox import Outbox

logger = get_logger(__name__)

# The library tells of every connection: with thousands of them that drowns the rest.
_LIBRARY_LOG = logging.getLogger("websockets.server")
_LIBRARY_LOG.setLevel(logging.WARNING)

PATH = "/ws/stream"
SUBPROTOCOL = "bearer"

POLICY_VIOLATION, UNSUPPORTED, INTERNAL, RESTART, TRY_LATER = 1008, 1003, 1011, 1012, 1013

_BUFFER_BYTES = 64 * 1024
_HANDSHAKE_SECONDS = 10.0
_SUBSCRIBE_SECONDS = 10.0
_GOODBYE_SECONDS = 5.0
_SILENT_HEARTBEATS = 2.5
_MESSAGES_A_SECOND = 10.0
_MESSAGES_BURST = 20
_MOST_FRAGMENTS = 1_000

_FRAMES_A_SECOND = 200.0
_FRAMES_BURST = 1_100
"""Frames of all kinds: a message in as many parts as it may have, and some more at once. Each costs time of a process
that serves thousands of others, and a client with many connections can send more of them than it can read."""

_SLICE_BYTES = 4_096
"""What is read of what came before its frames are counted: under 700 of the shortest."""

_MOST_UNREAD_BYTES = 2 * MOST_CHARACTERS
"""What a client may send while it reads nothing: each ping and each message is answered, and answers pile up."""


class SocketStream(asyncio.Protocol):
    """One WebSocket, from its handshake to its end."""

    kind = "websocket"

    def __init__(self, gateway: Gateway, connections: set[Any], tasks: set[asyncio.Task[None]]) -> None:
        """Wait for the handshake; ``connections`` and ``tasks`` are what the server waits for when it stops."""
        self.principal: Principal | None = None
        self._gateway, self._connections, self._tasks = gateway, connections, tasks
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._protocol = ServerProtocol(max_size=MOST_CHARACTERS, logger=_LIBRARY_LOG)
        self._outbox: Outbox | None = None
        self._fragments: list[bytes] = []
        self._deadline: asyncio.TimerHandle | None = None
        self._open = self._paused = self._closing = False
        self._pinged = self._heard = self._opened = time.monotonic()
        self._unsent = self._came_unread = 0
        self._subscribed = False
        self._messages = Allowance(_MESSAGES_A_SECOND, _MESSAGES_BURST, self._opened)
        self._frames = Allowance(_FRAMES_A_SECOND, _FRAMES_BURST, self._opened)
        self._flooded = False

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection was handed over."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        self._connections.add(self)
        self._deadline = asyncio.get_running_loop().call_later(_HANDSHAKE_SECONDS, self._too_late)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if not self._paused:
            self._heard = time.monotonic()
        else:
            self._came_unread += len(data)
            if self._came_unread > _MOST_UNREAD_BYTES:
                self._cut(POLICY_VIOLATION)
                return
        for begin in range(0, len(data), _SLICE_BYTES):
            if not self._flooded:
                self._take(data[begin : begin + _SLICE_BYTES])

    def _take(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        events = self._protocol.events_received()
        if not self._frames.take(len(events), time.monotonic()):
            # What else it sends is not even looked at: the answer to the close is not waited for.
            self._flooded = True
            self.close(POLICY_VIOLATION, f"more than {_FRAMES_A_SECOND:g} frames a second")
            self._transport.pause_reading()
            return
        for event in events:
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame) and not self._closing:
                self._frame(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self._transport.close()
        # Pongs and answers to a close are the protocol's own doing.
        for answer in self._protocol.data_to_send():
            if answer and not self._transport.is_closing():
                self._transport.write(answer)
        if self._protocol.parser_exc is not None:
            self._leave()

    def eof_received(self) -> None:
        """The client sends no more: the connection is closed."""

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has ended."""
        del error
        self._closing = True
        if self._deadline is not None:
            self._deadline.cancel()
        self._gateway.unseat(self)
        self._connections.discard(self)
        if self._outbox is not None:
            self._outbox.clear()

    def pause_writing(self) -> None:
        """The client reads too slowly: what comes next has to wait."""
        self._paused = True
        self._unsent, self._came_unread = self._transport.get_write_buffer_size(), 0

    def resume_writing(self) -> None:
        """The client reads again."""
        self._paused = False
        # No ping is sent while it is slow, so that it has none to answer: that it reads is what is heard of it.
        self._heard = time.monotonic()
        while self._outbox is not None and not self._paused:
            item = self._outbox.take()
            if item is None:
                self._outbox = None
                self._gateway.drained(self)
                return
            self._transport.write(item.frame)

    def shutdown(self) -> None:
        """Called by uvicorn when it stops."""
        self.end()

    # What the gateway calls

    @property
    def full(self) -> bool:
        """Whether its queue is at its end."""
        return self._outbox is not None and self._outbox.full

    def deliver(self, item: Item) -> None:
        """Send a message, or queue it while the client is slow."""
        # A connection that broke is told of only once the event loop turns: until then asyncio logs each write.
        if self._closing or self._transport.is_closing():
            return
        if not self._paused:
            self._transport.write(item.frame)
            return
        settings = self._gateway.settings
        if self._outbox is None:
            self._outbox = Outbox(settings.queue_messages, drop_oldest=settings.slow_client == "drop-oldest")
        dropped = self._outbox.dropped
        if not self._outbox.put(item):
            self.close(TRY_LATER, "too slow: come again with your last offsets")
            return
        self._gateway.metrics.dropped.inc(self._outbox.dropped - dropped)

    def tick(self, now: float) -> None:
        """Send a ping when it is time; close what is silent, idle or has outlived its token."""
        heartbeat = self._gateway.settings.heartbeat_seconds
        if self._closing:
            return
        if self._paused and (unsent := self._transport.get_write_buffer_size()) != self._unsent:
            self._heard, self._unsent = now if unsent < self._unsent else self._heard, unsent
        if now - self._heard > heartbeat * _SILENT_HEARTBEATS:
            self.close(INTERNAL, "no answer to pings")
        elif self._open and not self._subscribed and now - self._opened > _SUBSCRIBE_SECONDS:
            self.close(POLICY_VIOLATION, f"no subscription within {_SUBSCRIBE_SECONDS:g} s")
        elif self.principal is not None and time.time() > self.principal.expires_at + self._leeway:
            self.close(POLICY_VIOLATION, "the token has expired: come again with a new one")
        elif now - self._pinged >= heartbeat and not self._paused:
            self._pinged = now
            self._transport.write(PING)

    def end(self) -> None:
        """Send what waits, then the last offsets, then close: the gateway stops."""
        if self._closing:
            return
        if not self._open:
            self._leave()
            return
        last = self._gateway.last(self)
        while self._outbox is not None and (item := self._outbox.take()) is not None:
            self._transport.write(item.frame)
        reason = "the gateway restarts"
        self._transport.write(Item(messages.closing(RESTART, reason, last)).frame)
        self.close(RESTART, reason)

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, and wait a little for the client's own."""
        if self._closing:
            return
        self._gateway.metrics.closed.labels(str(code)).inc()
        self._gateway.unseat(self)
        self._transport.write(close_frame(code, reason))
        self._leave()

    # Inside

    @property
    def _leeway(self) -> float:
        return self._gateway.settings.auth.leeway_seconds

    def _leave(self) -> None:
        """From now on only wait for the client to close as well; cut it when it does not."""
        if self._closing and self._transport.is_closing():
            return
        self._closing = True
        if not self._open or self._protocol.parser_exc is not None:
            self._transport.close()
            return
        asyncio.get_running_loop().call_later(_GOODBYE_SECONDS, self._transport.abort)

    def _cut(self, code: int) -> None:
        """End at once: who reads nothing cannot be told why."""
        if not self._closing:
            self._gateway.metrics.closed.labels(str(code)).inc()
        self._closing = True
        self._gateway.unseat(self)
        self._transport.abort()

    def _too_late(self) -> None:
        if not self._open and not self._closing:
            late = f"the handshake took more than {_HANDSHAKE_SECONDS:g} s; try another time"
            self._refuse(Refused(503, "unavailable", late))

    def _shake_hands(self, request: Request) -> None:
        response = self._protocol.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._answer(response)
        elif request.path.partition("?")[0] != PATH:
            self._refuse(Refused(404, None, f"there is no such stream; it is {PATH}"))
        else:
            self._spawn(self._admit(request, response))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _admit(self, request: Request, response: Response) -> None:
        try:
            token, by_protocol = _token(request.headers)
            principal = await self._gateway.guard.admit(token)
            if self._closing or self._transport.is_closing():
                return
            self._gateway.seat(self, principal)
            if by_protocol:
                response.headers["Sec-WebSocket-Protocol"] = SUBPROTOCOL
            self._protocol.send_response(response)
            for data in self._protocol.data_to_send():
                self._transport.write(data)
            self._open, self._opened = True, time.monotonic()
        except Refused as refusal:
            if not self._closing:
                self._refuse(refusal)
        except Exception:
            logger.exception("a handshake failed")
            self._cut(INTERNAL)

    def _refuse(self, refusal: Refused) -> None:
        self._gateway.metrics.refused.labels(str(refusal.status)).inc()
        phrase = HTTPStatus(refusal.status).phrase
        problem = Problem(title=phrase, status=refusal.status, detail=refusal.reason, instance=PATH)
        body = orjson.dumps(problem.model_dump(exclude_none=True))
        headers = {
            **headers_of(refusal),
            "Content-Type": "application/problem+json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        self._answer(Response(refusal.status, phrase, Headers(headers), body))

    def _answer(self, response: Response) -> None:
        if self._transport.is_closing():
            return
        self._protocol.send_response(response)
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
        self._closing = True
        self._transport.close()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._gateway.unseat(self)
            self._closing = True
            # The protocol's answer is still to be written; closing sends it first.
            asyncio.get_running_loop().call_soon(self._transport.close)
        elif frame.opcode is Opcode.BINARY:
            self.close(UNSUPPORTED, "messages are JSON text")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._fragments.append(bytes(frame.data))
            if len(self._fragments) > _MOST_FRAGMENTS:
                self._fragments = []
                self.close(POLICY_VIOLATION, f"a message in more than {_MOST_FRAGMENTS} parts")
            elif frame.fin:
                text, self._fragments = b"".join(self._fragments), []
                self._message(text)

    def _message(self, text: bytes) -> None:
        if not self._messages.take(1, time.monotonic()):
            self.close(POLICY_VIOLATION, f"more than {_MESSAGES_A_SECOND:g} messages a second")
            return
        try:
            self._gateway.subscribe(self, messages.parse_client_message(text))
            self._subscribed = True
        except Invalid as reason:
            self.deliver(Item(messages.refused(str(reason))))
            self.close(POLICY_VIOLATION, str(reason))


def protocol_of(gateway: Gateway) -> Callable[..., SocketStream]:
    """What uvicorn makes for each connection that asks to become a WebSocket."""

    def make(*, config: Any, server_state: Any, app_state: Any, **_more: Any) -> SocketStream:
        del config, app_state
        return SocketStream(gateway, server_state.connections, server_state.tasks)

    return make


def _token(headers: Headers) -> tuple[str | None, bool]:
    """The token of a handshake, and whether it came as a subprotocol, which is all that a browser can set.

    Raises:
        Refused: there are several, or it is of another scheme.
    """
    given = headers.get_all("Authorization")
    if len(given) > 1:
        raise Refused(401, "invalid_request", f"{len(given)} Authorization headers; send one")
    if given:
        return bearer(given[0]), False
    offered = [name.strip() for line in headers.get_all("Sec-WebSocket-Protocol") for name in line.split(",")]
    if SUBPROTOCOL in offered:
        after = offered[offered.index(SUBPROTOCOL) + 1 :]
        return (after[0] if after else None), True
    return None, False
