from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

_CONNECT_SECONDS = 3.0
_BACKLOG = 1024
_WATER = 256 * 1024
"""Bytes that may wait for a slow reader before the other side is not read any more."""

Target = tuple[str, int]


class Half(asyncio.Protocol):
    """One end of a connection: what it gets goes to the other end, at the pace of the other end."""

    def __init__(self) -> None:
        self.other: Half | None = None
        self.transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self._finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=_WATER)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def join(self, other: Half) -> None:
        """Tie two ends together; what came before goes first."""
        self.other, other.other = other, self
        for end in (self, other):
            end.flush()

    def flush(self) -> None:
        """Hand on what came while there was no other end."""
        if self.other is None or self.other.transport is None:
            return
        for data in self._waiting:
            self.other.transport.write(data)
        self._waiting.clear()
        if self._finished:
            self._finish()

    def data_received(self, data: bytes) -> None:
        """Hand on."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            self._waiting.append(data)

    def eof_received(self) -> bool:
        """Say on the other side that no more will come; answers may still come back."""
        self._finished = True
        self._finish()
        return True

    def pause_writing(self) -> None:
        """Its reader is slow: read no more from the other end."""
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Its reader has caught up."""
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """End the other end too: what was handed to it is still sent, unless this one broke off."""
        other, self.other = self.other, None
        if other is None or other.transport is None:
            return
        if error is not None:
            other.transport.abort()
        else:
            other.transport.close()

    def _finish(self) -> None:
        other = self.other
        if other is None or other.transport is None or other.transport.is_closing():
            return
        if other.transport.can_write_eof():
            other.transport.write_eof()
        if other.is_finished and self.transport is not None:  # both directions are over
            self.transport.close()
            other.transport.close()

    @property
    def is_finished(self) -> bool:
        """Whether its peer said that no more will come."""
        return self._finished


class Client(Half):
    """The end of who called the Service."""

    def __init__(self, serve: Callable[[Client], None]) -> None:
        super().__init__()
        self._serve = serve

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, and read nothing until there is somebody to hand it to."""
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._serve(self)


class Balancer:
    """One port of a Service: takes connections and ties each to an endpoint, in turn.

    It listens only while there is an endpoint, so that who calls without one is refused, as in a cluster. Connections
    to an endpoint that is going stay until one of their ends closes them.

    Args:
        address: The address to listen on.
        port: The port to listen on.
    """

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self.problem = ""
        self._targets: tuple[Target, ...] = ()
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()

    @property
    def targets(self) -> tuple[Target, ...]:
        """The endpoints that new connections go to."""
        return self._targets

    async def set_targets(self, targets: Sequence[Target]) -> None:
        """Change the endpoints; listen when there is one, and stop listening when there is none."""
        self._targets = tuple(targets)
        async with self._lock:
            if self._targets and self._server is None:
                await self._listen()
            elif not self._targets and self._server is not None:
                self._server.close()
                self._server = None

    async def close(self) -> None:
        """Stop taking connections; those that are tied go on until one of their ends closes them."""
        await self.set_targets(())
        for task in self._tasks:
            task.cancel()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Client(self._serve), self.address, self.port, backlog=_BACKLOG, reuse_address=True
            )
            self.problem = ""
        except OSError as error:
            self.problem = f"nobody can listen on {self.address}:{self.port}: {error.strerror or error}"

    def _serve(self, client: Client) -> None:
        task = asyncio.get_running_loop().create_task(self._tie(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tie(self, client: Client) -> None:
        assert client.transport is not None
        try:
            await self._join(client)
        finally:
            if client.other is None:  # there is no endpoint, or this was cancelled: nobody would ever answer
                client.transport.abort()

    async def _join(self, client: Client) -> None:
        assert client.transport is not None
        loop = asyncio.get_running_loop()
        for target in self._in_turn():
            try:
                _, server = await asyncio.wait_for(loop.create_connection(Half, *target), timeout=_CONNECT_SECONDS)
            except (OSError, TimeoutError):
                continue  # it is going, or not yet there: the next one
            if client.transport.is_closing():
                assert server.transport is not None
                server.transport.abort()
                return
            client.join(server)
            client.transport.resume_reading()
            return

    def _in_turn(self) -> list[Target]:
        targets = self._targets
        self._turn += 1
        begin = self._turn % len(targets) if targets else 0
        return [*targets[begin:], *targets[:begin]]
