import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sandbox.control_plane.ports import free_port
from sandbox.host.proxy import Balancer

pytestmark = pytest.mark.integration
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HERE = "127.0.0.1"


@contextlib.asynccontextmanager
async def endpoint(handler: Handler) -> AsyncIterator[tuple[str, int]]:
    server = await asyncio.start_server(handler, HERE, 0)
    try:
        yield HERE, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def balancer(*targets: tuple[str, int]) -> AsyncIterator[Balancer]:
    made = Balancer(HERE, free_port())
    await made.set_targets(targets)
    try:
        yield made
    finally:
        await made.close()


async def say(name: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(name)
    writer.close()


async def echo_at_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers only when the other side has said that no more comes."""
    writer.write(await reader.read())
    writer.close()


async def call(made: Balancer, data: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection(HERE, made.port)
    try:
        writer.write(data)
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def test_connections_are_dealt_out_in_turn() -> None:
    async with (
        endpoint(lambda _, writer: say(b"a", writer)) as one,
        endpoint(lambda _, writer: say(b"b", writer)) as two,
        balancer(one, two) as made,
    ):
        answers = [await call(made) for _ in range(6)]
    assert sorted(answers) == [b"a"] * 3 + [b"b"] * 3


async def test_large_data_passes_unchanged_in_both_directions_and_a_half_close_is_handed_on() -> None:
    data = os.urandom(8 * 2**20)
    async with endpoint(echo_at_the_end) as target, balancer(target) as made:
        assert await call(made, data) == data


async def test_who_calls_a_service_without_endpoints_is_refused_until_there_is_one() -> None:
    async with endpoint(lambda _, writer: say(b"a", writer)) as target, balancer() as made:
        with pytest.raises(ConnectionRefusedError):
            await call(made)
        await made.set_targets([target])
        assert await call(made) == b"a"
        await made.set_targets([])
        with pytest.raises(ConnectionRefusedError):
            await call(made)


async def test_an_endpoint_that_refuses_is_passed_over() -> None:
    async with endpoint(lambda _, writer: say(b"a", writer)) as target, balancer((HERE, free_port()), target) as made:
        assert [await call(made) for _ in range(4)] == [b"a"] * 4


async def test_a_connection_outlives_the_removal_of_its_endpoint() -> None:
    async with endpoint(echo_at_the_end) as target, balancer(target) as made:
        reader, writer = await asyncio.open_connection(HERE, made.port)
        writer.write(b"before ")
        await writer.drain()
        await asyncio.sleep(0.05)
        await made.set_targets([])
        writer.write(b"after")
        writer.write_eof()
        assert await reader.read() == b"before after"


async def test_a_slow_reader_makes_its_writer_wait_and_nobody_else() -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                sent += 65536

    async with endpoint(flood) as target, balancer(target) as made:
        _, idle = await asyncio.open_connection(HERE, made.port)
        await asyncio.sleep(0.5)
        stuck = sent
        await asyncio.sleep(0.3)
        assert sent == stuck
        assert stuck < 32 * 2**20, "what nobody reads may not pile up"
        begin = time.monotonic()
        reader, writer = await asyncio.open_connection(HERE, made.port)
        await reader.readexactly(2**20)
        assert time.monotonic() - begin < 2.0
        for end in (idle, writer):
            end.transport.abort()


async def test_an_endpoint_that_breaks_off_breaks_off_its_caller() -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with endpoint(break_off) as target, balancer(target) as made:
        reader, writer = await asyncio.open_connection(HERE, made.port)
        writer.write(b"x")
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), timeout=5) == b""
        writer.close()


async def test_an_address_that_cannot_be_listened_on_is_said() -> None:
    async with endpoint(echo_at_the_end) as target:
        taken = Balancer(*target)
        await taken.set_targets([(HERE, free_port())])
        assert f"nobody can listen on {HERE}:{target[1]}" in taken.problem
