"""Raw sockets that ask for a stream of events and never read: their connection, seat and memory are free in the end."""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from servicekit.connections import HttpConnection
from servicekit.server import GracefulServer, _listen
from stream_gateway import events
from stream_gateway.app import Service, create_service

from tests.support.gateway import TOPICS, gateway_settings, record
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration

_EVENT = b'"' + b"x" * 20_000 + b'"'


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


class Running:
    """A gateway without Kafka, listening in this process."""

    def __init__(self, service: Service) -> None:
        config = uvicorn.Config(
            service.app, http=HttpConnection, log_config=None, access_log=False, timeout_graceful_shutdown=20
        )
        self.service, self.gateway = service, service.gateway
        self.server = GracefulServer(config, health=service.health, drain_seconds=0, on_stop=service.gateway.end)
        self.listener = _listen("127.0.0.1", 0)
        self.offset = 0

    async def client(self, token: str) -> socket.socket:
        """Asks for the stream, and has read only the beginning of the answer."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, self.listener.getsockname())
        lines = ["GET /v1/stream HTTP/1.1", "Host: gateway", f"Authorization: Bearer {token}", "", ""]
        await loop.sock_sendall(client, "\r\n".join(lines).encode())
        assert b"connection: close" in await loop.sock_recv(client, 4096)
        return client

    async def publish(self, records: int) -> None:
        for _ in range(records):
            await self.gateway.hub.publish([record(TOPICS[0], 0, self.offset, value=_EVENT)])
            self.offset += 1
            await asyncio.sleep(0)

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)


@asynccontextmanager
async def running(issuer: Issuer, **changed: object) -> AsyncIterator[Running]:
    service = create_service(gateway_settings(issuer, **changed))
    service.gateway.hub.advance({(topic, 0): 0 for topic in TOPICS})
    service.app.router.lifespan_context = only_time(service)
    made = Running(service)
    serving = asyncio.create_task(made.server.serve([made.listener]))
    try:
        await until(lambda: made.server.started, "it listens")
        yield made
    finally:
        made.server.should_exit = True
        await serving


def only_time(service: Service) -> Callable[[object], object]:
    """Nothing of the gateway runs but its look at each stream: there is no Kafka."""

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        keeping = asyncio.create_task(service.gateway._keep_time())
        yield
        keeping.cancel()

    return lifespan


async def until(reached: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


def is_cut(client: socket.socket) -> bool:
    """Whether the other side has reset the connection; nothing is read."""
    poll = select.poll()
    poll.register(client, 0)
    return bool(poll.poll(0))


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What uvicorn calls a fault of the application."""
    told: list[str] = []
    monkeypatch.setattr(
        logging.getLogger("uvicorn.error"), "error", lambda message, *_more, **_options: told.append(message)
    )
    return told


async def test_a_client_that_stops_reading_is_gone_with_all_that_waited_for_it(issuer: Issuer, faults: list[str]):
    async with running(issuer, heartbeat_seconds=0.2) as made:
        clients = [await made.client(issuer.token()) for _ in range(20)]
        await made.publish(400)
        await until(lambda: all(map(is_cut, clients)), "all are cut")
        await until(lambda: not made.connections, "no connection is left")
        assert not made.gateway._streams
        assert not made.gateway._seats
        assert made.gateway.metrics.closed.labels("1011")._value.get() == 20
        for client in clients:
            client.close()
    assert faults == []


async def test_a_token_that_ends_takes_the_connection_with_it(issuer: Issuer, faults: list[str]):
    auth = issuer.settings.model_copy(update={"leeway_seconds": 0.0})
    service_token = issuer.token(exp=int(time.time()) + 3)
    async with running(issuer, heartbeat_seconds=20) as made:
        object.__setattr__(made.gateway.settings, "auth", auth)
        client = await made.client(service_token)
        await made.publish(400)
        assert not is_cut(client)
        await until(lambda: is_cut(client), "it is cut")
        await until(lambda: not made.connections, "no connection is left")
        assert made.gateway.metrics.closed.labels("1008")._value.get() == 1
        client.close()
    assert faults == []


async def test_who_is_too_slow_for_the_queue_has_a_moment_to_read_the_rest_and_is_cut_then(
    issuer: Issuer, faults: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(events, "_GOODBYE_SECONDS", 0.5)
    async with running(issuer, heartbeat_seconds=60, slow_client="disconnect", queue_messages=5) as made:
        client = await made.client(issuer.token())
        await made.publish(400)
        assert made.gateway.metrics.closed.labels("1013")._value.get() == 1
        await until(lambda: is_cut(client), "it is cut")
        await until(lambda: not made.connections, "no connection is left")
        assert not made.gateway._streams
        client.close()
    assert faults == []


@pytest.mark.parametrize("records", [0, 400])
async def test_a_stop_waits_no_longer_than_the_goodbye_for_a_client_that_never_reads(
    issuer: Issuer, faults: list[str], monkeypatch: pytest.MonkeyPatch, records: int
):
    monkeypatch.setattr(events, "_GOODBYE_SECONDS", 0.5)
    async with running(issuer, heartbeat_seconds=60) as made:
        client = await made.client(issuer.token())
        await made.publish(records)
        made.server.should_exit = True
        await until(lambda: not made.server.server_state.tasks, "no request is left", seconds=15)
        await until(lambda: not made.connections, "no connection is left")
        assert not made.gateway._streams
        client.close()
    assert faults == [], "the server did not have to cancel anything"


async def test_an_end_that_waits_in_the_connection_alone_is_cut_as_well(
    issuer: Issuer, faults: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(events, "_GOODBYE_SECONDS", 0.5)
    async with running(issuer, heartbeat_seconds=60) as made:
        client = await made.client(issuer.token())
        (connection,) = made.server.server_state.connections
        # As if the kernel took no more: the whole answer has been handed over and none of it was read.
        await until(lambda: connection.transport.get_write_buffer_size() == 0, "the beginning is out")
        connection.transport.set_write_buffer_limits(high=1 << 30)
        await made.publish(400)
        made.gateway.end()
        await until(lambda: not made.gateway._streams, "the answer has ended")
        assert made.connections == 1
        await until(lambda: is_cut(client), "it is cut")
        await until(lambda: not made.connections, "no connection is left")
        client.close()
    assert faults == []


async def test_a_client_that_reads_to_the_end_gets_all_of_it_and_no_reset(
    issuer: Issuer, faults: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(events, "_GOODBYE_SECONDS", 0.5)
    async with running(issuer, heartbeat_seconds=60, queue_messages=1000) as made:
        client = await made.client(issuer.token())
        reading = asyncio.create_task(read_all(client))
        await made.publish(50)
        made.gateway.end()
        got = await reading
        assert got.count(_EVENT) == 50
        assert got.endswith(b"0\r\n\r\n")
        await until(lambda: not made.connections, "no connection is left")
        client.close()
    assert faults == []


async def read_all(client: socket.socket) -> bytes:
    got, loop = b"", asyncio.get_running_loop()
    while part := await loop.sock_recv(client, 65_536):
        got += part
    return got
