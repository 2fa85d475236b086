"""TLS before a server whose build has none: the client's side of the connection is the real one."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""What libpq sends first (PostgreSQL, Message Formats, SSLRequest); the server's answer is one letter."""

_BLOCK = 1 << 16


class _Front:
    """Takes connections with TLS and hands what is in them to a port of this machine."""

    def __init__(self, upstream: int, certificate: tuple[Path, Path], *, postgres: bool) -> None:
        self._upstream, self._postgres = upstream, postgres
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(*certificate)

    async def start(self) -> asyncio.Server:
        tls = None if self._postgres else self._tls
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if self._postgres:
                if await reader.readexactly(len(_SSL_REQUEST)) != _SSL_REQUEST:
                    writer.close()
                    return
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self._tls)
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
            await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()
    writer.close()


@contextmanager
def tls_front(upstream: int, certificate: tuple[Path, Path], *, postgres: bool = False) -> Iterator[int]:
    """A port with TLS that leads to another, until the block ends.

    Args:
        upstream: the server's port on 127.0.0.1.
        certificate: files of the certificate and its key.
        postgres: whether TLS begins as PostgreSQL's does; otherwise with the connection, as for Redis.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    front = _Front(upstream, certificate, postgres=postgres)
    server = asyncio.run_coroutine_threadsafe(front.start(), loop).result(10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    serving = asyncio.all_tasks() - {asyncio.current_task()}
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
