"""What ASGI leaves out: to end a connection whose client reads nothing, and would keep it open for ever."""

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
_AT_ONCE = struct.pack("ii", 1, 0)


class HttpConnection(_BASE):  # type: ignore[misc]
    """uvicorn's own HTTP connection; each of its requests can end it."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.Transport) -> None:
        """The connection was accepted."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _ABORT: partial(abort, transport)}


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
