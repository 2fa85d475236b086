"""What ASGI leaves out: to end a connection whose client reads nothing, or never sends all that it began."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_ABORT = "servicekit.abort"
_BASE: Any = AutoHTTPProtocol

_REQUEST_SECONDS = 30.0
"""How long a client may take for a request, from a connection's begin or the last answer to the body's last byte.
Bodies have a cap of a megabyte at most. uvicorn waits for ever, and a process may have 20,000 files open."""

_AT_ONCE = struct.pack("ii", 1, 0)


class HttpConnection(_BASE):  # type: ignore[misc]
    """uvicorn's own HTTP connection; each of its requests can end it, and an answer goes out in one piece.

    A client that does not get a request to its end in time is cut, however often it sends another byte.
    """

    app_state: dict[str, Any]
    loop: asyncio.AbstractEventLoop

    def connection_made(self, transport: asyncio.Transport) -> None:
        """The connection was accepted."""
        self._joining = Joining(transport)
        self._waiting_since: float | None = self.loop.time()
        self._watch = self.loop.call_later(_REQUEST_SECONDS, self._look)
        super().connection_made(self._joining)
        self.app_state = {**self.app_state, _ABORT: partial(abort, transport)}

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        super().data_received(data)
        self._note()

    def on_response_complete(self) -> None:
        """An answer has ended; the next request may be there already."""
        super().on_response_complete()
        self._note()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._watch.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, *event: Any) -> None:
        """The connection is handed over, as it was accepted."""
        self._watch.cancel()
        self.transport = self._joining.accepted()
        super().handle_websocket_upgrade(*event)

    def _note(self) -> None:
        cycle = self.cycle
        if cycle is not None and not cycle.more_body and not cycle.response_complete:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = self.loop.time()

    def _look(self) -> None:
        """One timer for the connection's whole life: one for each request would cost more than it guards."""
        waited = 0.0 if self._waiting_since is None else self.loop.time() - self._waiting_since
        if waited >= _REQUEST_SECONDS:
            abort(self._joining.accepted())
        else:
            self._watch = self.loop.call_later(_REQUEST_SECONDS - waited, self._look)


class Joining:
    """A transport that sends what is written in twos.

    uvicorn writes the head of an answer, then its body. Each on its own is a system call, and wakes a client that can
    do nothing with the first: on a machine with other work it takes the place of the server that was about to send the
    second. What is written alone goes out before the event loop waits again.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        """Send over another transport, which does everything else as well."""
        self._transport, self._loop = transport, asyncio.get_running_loop()
        self._first = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send it with what waits; where nothing does, let it wait for what may follow at once."""
        if self._first:
            data, self._first = self._first + data, b""
            self._transport.write(data)
        elif data:
            self._first = data
            self._loop.call_soon(self._send)

    def close(self) -> None:
        """Send what waits, and close."""
        self._send()
        self._transport.close()

    def accepted(self) -> asyncio.Transport:
        """The transport itself, with nothing left to send here."""
        self._send()
        return self._transport

    def _send(self) -> None:
        if self._first:
            data, self._first = self._first, b""
            self._transport.write(data)


def abort(transport: asyncio.Transport) -> None:
    """End a connection at once, with what was not sent yet; does nothing where it has ended.

    To close it would wait until the client has read everything, and the kernel would keep what it has taken over.
    """
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


def abort_of(scope: Scope) -> Callable[[], None]:
    """What ends the connection of a request; does nothing under a server that is not `servicekit.server`'s."""
    found: Callable[[], None] = scope.get("state", {}).get(_ABORT, _nothing)
    return found


def _nothing() -> None:
    """There is nothing to end."""
