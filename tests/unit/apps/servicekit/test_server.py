import asyncio
import io
import json
import signal
import socket

import pytest
import uvicorn
from servicekit.health import Health
from servicekit.server import GracefulServer, _listen


@pytest.fixture
def health() -> Health:
    return Health([])


def server(health: Health, drain_seconds: float) -> GracefulServer:
    return GracefulServer(uvicorn.Config("unused:app", log_config=None), health=health, drain_seconds=drain_seconds)


async def test_the_first_signal_makes_it_not_ready_and_leaves_it_serving(health: Health):
    draining = server(health, drain_seconds=60)
    draining.handle_exit(signal.SIGTERM, None)
    assert health.stopping
    assert await draining.on_tick(1) is False


async def test_it_stops_accepting_when_the_drain_is_over(health: Health):
    drained = server(health, drain_seconds=0)
    assert await drained.on_tick(1) is False
    drained.handle_exit(signal.SIGTERM, None)
    assert await drained.on_tick(2) is True


async def test_a_second_signal_ends_the_drain_and_a_third_the_wait_for_requests(health: Health):
    impatient = server(health, drain_seconds=60)
    for _ in range(2):
        impatient.handle_exit(signal.SIGTERM, None)
    assert await impatient.on_tick(1) is True
    assert not impatient.force_exit
    impatient.handle_exit(signal.SIGTERM, None)
    assert impatient.force_exit


async def test_the_stop_is_logged_once_and_not_from_inside_the_signal(health: Health, log: io.StringIO):
    draining = server(health, drain_seconds=60)
    draining.handle_exit(signal.SIGTERM, None)
    assert log.getvalue() == "", "a signal may interrupt the writing of another line, and a second write would fail"
    for counter in range(3):
        await draining.on_tick(counter)
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["event"], line["signal"], line["drain_seconds"]) == ("stopping", "SIGTERM", 60)


async def test_answers_do_not_wait_for_acknowledgements():
    accepted: asyncio.Queue[int] = asyncio.Queue()

    def look(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection: socket.socket = writer.get_extra_info("socket")
        accepted.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = _listen("127.0.0.1", 0)
    async with await asyncio.start_server(look, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await asyncio.wait_for(accepted.get(), 5) == 1
        writer.close()
