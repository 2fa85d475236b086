"""Clients that never get a request to its end: uvicorn would wait for them for ever."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from servicekit import connections
from servicekit.connections import HttpConnection
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

SECONDS = 0.05
GET = b"GET / HTTP/1.1\r\nHost: svc\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: svc\r\nContent-Length: 1000\r\n\r\n"

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_REQUEST_SECONDS", SECONDS)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, think for longer than a request may take to come in, and answer."""
    del scope
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass
    await asyncio.sleep(3 * SECONDS)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, whatever of the body is still to come."""
    del scope, receive
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"no"})


@asynccontextmanager
async def connected(app: object = application) -> AsyncIterator[Ends]:
    ours, theirs = socket.socketpair()
    config = uvicorn.Config(app, http=HttpConnection, ws="none", lifespan="off", log_config=None)  # type: ignore[arg-type]
    config.load()

    def made() -> asyncio.Protocol:
        return HttpConnection(config=config, server_state=ServerState(), app_state={})

    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(made, ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    try:
        yield reader, writer
    finally:
        transport.abort()
        writer.transport.abort()


async def ended(ends: Ends, drop: bytes) -> bool:
    """Whether the server ends the connection although another byte comes again and again."""
    reader, writer = ends
    for _ in range(40):
        if reader.at_eof() or reader.exception() is not None:
            return True
        with suppress(ConnectionError):
            writer.write(drop)
            await writer.drain()
        await asyncio.sleep(SECONDS / 5)
    return False


@pytest.mark.parametrize(
    ("begin", "drop"),
    [(b"", b""), (b"GET / HTTP/1.1\r\nHost: svc\r\n", b"X: y\r\n"), (POST, b" ")],
    ids=["nothing", "a head", "a body"],
)
async def test_who_never_gets_a_request_to_its_end_is_cut(begin: bytes, drop: bytes):
    async with connected() as ends:
        ends[1].write(begin)
        assert await ended(ends, drop)


async def test_who_goes_on_with_a_body_that_was_answered_already_is_cut():
    async with connected(refusing) as ends:
        ends[1].write(POST)
        assert b"404" in await ends[0].readline()
        assert await ended(ends, b" ")


async def test_who_begins_another_request_and_never_ends_it_is_cut():
    async with connected(refusing) as ends:
        ends[1].write(GET)
        assert (await ends[0].readuntil(b"no")).startswith(b"HTTP/1.1 404")
        assert await ended(ends, b"G")


async def test_an_answer_has_all_the_time_that_it_needs_and_so_has_the_next():
    async with connected() as (reader, writer):
        for _ in range(3):
            writer.write(GET)
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")


async def test_requests_that_come_before_their_turn_are_all_answered():
    async with connected() as (reader, writer):
        writer.write(GET * 3)
        for _ in range(3):
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")


async def test_a_request_in_time_after_a_pause_is_answered():
    async with connected() as (reader, writer):
        await asyncio.sleep(SECONDS / 3)
        writer.write(GET[:10])
        await asyncio.sleep(SECONDS / 5)
        writer.write(GET[10:])
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
