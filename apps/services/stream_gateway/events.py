"""The fallback for clients without WebSockets: the same stream as server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
from servicekit.auth import Principal

from stream_gateway import messages
from stream_gateway.envelope import Item
from stream_gateway.gateway import Gateway
from stream_gateway.messages import Place
from stream_gateway.outbox import Outbox

_SILENT_HEARTBEATS = 2.5
_GOODBYE_SECONDS = 5.0
"""How long a client has to read the rest of a stream that ends; no longer than half of what a stop may take."""


class EventStream:
    """One stream of events; each has as `id` what `Last-Event-ID` must hold to go on after it."""

    kind = "events"

    def __init__(self, gateway: Gateway) -> None:
        """Wait for a seat."""
        self.principal: Principal | None = None
        self._gateway = gateway
        settings = gateway.settings
        self._outbox = Outbox(settings.queue_messages, drop_oldest=settings.slow_client == "drop-oldest")
        self._something = asyncio.Event()
        self._last: dict[Place, int] = {}
        self._ended = False
        self._sent = time.monotonic()
        self._expired = self._idle = False
        self._answer: asyncio.Timeout | None = None
        self._abort: Callable[[], None] | None = None
        self._goodbye = min(_GOODBYE_SECONDS, settings.stop_seconds / 2)

    @property
    def full(self) -> bool:
        """Whether its queue is at its end."""
        return self._outbox.full

    def deliver(self, item: Item) -> None:
        """Queue a message."""
        if self._ended:
            return
        dropped = self._outbox.dropped
        if not self._outbox.put(item):
            self._gateway.metrics.closed.labels("1013").inc()
            self.end()
        self._gateway.metrics.dropped.inc(self._outbox.dropped - dropped)
        self._something.set()

    def tick(self, now: float) -> None:
        """Send a comment when it is time, so that a lost connection is noticed; end with the token.

        A client that reads nothing takes neither the comment nor the end: it is cut.
        """
        heartbeat = self._gateway.settings.heartbeat_seconds
        if not self._idle and now - self._sent > heartbeat * _SILENT_HEARTBEATS:
            self._cut("1011")
        elif self._expired:
            self._cut(None)
        elif self.principal and time.time() > self.principal.expires_at + self._gateway.settings.auth.leeway_seconds:
            self._expired = True
            self._gateway.metrics.closed.labels("1008").inc()
            self.end()
        elif now - self._sent >= heartbeat:
            self._something.set()

    def end(self) -> None:
        """Send what waits, and end; a client that does not read it in time is cut."""
        if not self._ended:
            asyncio.get_running_loop().call_later(self._goodbye, self._cut, None)
        self._ended = True
        self._something.set()

    async def answering(self, answer: Awaitable[None], abort: Callable[[], None]) -> None:
        """Wait for the answer that sends the body, until the stream is cut; whatever happens, its seat is free then.

        Args:
            answer: what sends the body.
            abort: ends its connection, which carries nothing else. What was sent may still wait there for the client,
                and has a little time to be read.
        """
        timeout = self._answer = asyncio.timeout(None)
        self._abort = abort
        try:
            async with timeout:
                await answer
        except TimeoutError:
            if not timeout.expired():
                raise
        finally:
            self._answer = None
            self._gateway.unseat(self)
            asyncio.get_running_loop().call_later(self._goodbye, abort)

    def _cut(self, code: str | None) -> None:
        if code is not None:
            self._gateway.metrics.closed.labels(code).inc()
        self._gateway.unseat(self)
        self._outbox.clear()
        self._ended = True
        if self._answer is not None and self._abort is not None:
            # First: what ends without its connection would be told as a fault of the service.
            self._abort()
            self._answer.reschedule(0)
            self._answer = None

    async def body(self, wanted: messages.Subscription) -> AsyncIterator[bytes]:
        """The events, for as long as the client stays; the subscription has been checked."""
        try:
            self._last = self._gateway.subscribe(self, wanted)
            while True:
                while (item := self._outbox.take()) is not None:
                    yield self._event(item)
                    self._sent = time.monotonic()
                self._gateway.drained(self)
                if self._ended:
                    return
                self._idle = True
                await self._something.wait()
                self._idle = False
                self._something.clear()
                if time.monotonic() - self._sent >= self._gateway.settings.heartbeat_seconds:
                    self._sent = time.monotonic()
                    yield b": still here\n\n"
        finally:
            self._gateway.unseat(self)

    def _event(self, item: Item) -> bytes:
        if item.place is not None:
            self._last[item.place] = item.offset
        position = orjson.dumps(messages.nested(self._last))
        name = b"" if item.place is not None else b"event: gateway\n"
        return b"id: " + position + b"\n" + name + b"data: " + item.payload + b"\n\n"
