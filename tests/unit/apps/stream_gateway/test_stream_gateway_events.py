"""What becomes of the seat of a stream of events whose client stops reading, or never begins."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from servicekit.auth import Principal
from stream_gateway.api import SeatedEvents
from stream_gateway.events import EventStream
from stream_gateway.gateway import Gateway
from stream_gateway.messages import Subscription

from tests.support.gateway import ANALYST, gateway, record
from tests.support.tokens import Issuer

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}}

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


async def never() -> Any:
    await asyncio.Event().wait()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def answering(made: Gateway, stream: EventStream, send: Send, who: Principal) -> asyncio.Task[None]:
    made.seat(stream, who)
    answer = asyncio.create_task(SeatedEvents(stream, Subscription(topics=["prices"]))(SCOPE, never, send))
    await settle()
    return answer


class Reader:
    """Takes what it is sent until it is jammed."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.free = asyncio.Event()
        self.free.set()

    async def send(self, message: Mapping[str, Any]) -> None:
        await self.free.wait()
        self.got.append(message.get("body", b""))


async def test_a_client_that_stops_reading_is_cut_after_two_and_a_half_heartbeats(issuer: Issuer):
    made, reader = gateway(issuer, heartbeat_seconds=20), Reader()
    stream = EventStream(made)
    answer = await answering(
        made, stream, reader.send, Principal("a", ANALYST.roles, ANALYST.tenants, time.time() + 900)
    )
    reader.free.clear()
    await made.hub.publish([record("prices", 0, 0)])
    await settle()
    stream.tick(time.monotonic() + 49)
    await settle()
    assert not answer.done()
    stream.tick(time.monotonic() + 51)
    assert not made._streams, "its seat is free at once"
    await asyncio.wait_for(answer, 5)
    assert made.metrics.closed.labels("1011")._value.get() == 1
    stream.tick(time.monotonic() + 52)


async def test_a_client_that_reads_and_has_nothing_to_read_stays(issuer: Issuer):
    made, reader = gateway(issuer, heartbeat_seconds=20), Reader()
    stream = EventStream(made)
    answer = await answering(
        made, stream, reader.send, Principal("a", ANALYST.roles, ANALYST.tenants, time.time() + 900)
    )
    stream.tick(time.monotonic() + 51)
    stream.tick(time.monotonic() + 52)
    await settle()
    assert not answer.done()
    assert stream in made._streams
    stream.end()
    await asyncio.wait_for(answer, 5)
    assert reader.got[-1] == b""


async def test_a_client_that_reads_nothing_does_not_outlive_its_token(issuer: Issuer):
    made, reader = gateway(issuer, heartbeat_seconds=20), Reader()
    stream = EventStream(made)
    answer = await answering(
        made, stream, reader.send, Principal("a", ANALYST.roles, ANALYST.tenants, time.time() - 60)
    )
    reader.free.clear()
    await made.hub.publish([record("prices", 0, 0)])
    await settle()
    stream.tick(time.monotonic())
    await settle()
    assert not answer.done(), "what waits may still be sent until the next look"
    stream.tick(time.monotonic() + 1)
    assert not made._streams
    await asyncio.wait_for(answer, 5)
    assert made.metrics.closed.labels("1008")._value.get() == 1


async def test_a_client_that_is_gone_before_the_first_byte_leaves_no_seat_behind(issuer: Issuer):
    made = gateway(issuer)

    async def lost(_message: Mapping[str, Any]) -> None:
        raise ConnectionResetError("gone")

    answer = await answering(made, EventStream(made), lost, ANALYST)
    with pytest.raises(ConnectionResetError):
        await answer
    assert not made._streams
    assert not made._seats


async def test_a_time_out_of_another_is_not_taken_for_a_cut(issuer: Issuer):
    made = gateway(issuer)

    async def slow(_message: Mapping[str, Any]) -> None:
        raise TimeoutError("of a proxy")

    answer = await answering(made, EventStream(made), slow, ANALYST)
    with pytest.raises(TimeoutError, match="of a proxy"):
        await answer
    assert not made._streams


async def test_a_stream_whose_answer_never_began_gives_its_seat_up(issuer: Issuer):
    made = gateway(issuer, heartbeat_seconds=20)
    stream = EventStream(made)
    made.seat(stream, Principal("a", expires_at=time.time() + 900))
    stream.tick(time.monotonic() + 51)
    assert not made._streams


async def test_a_stream_that_ends_and_is_not_read_in_time_is_cut_with_its_connection(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("stream_gateway.events._GOODBYE_SECONDS", 0.0)
    made, reader, aborted = gateway(issuer), Reader(), []
    stream = EventStream(made)
    made.seat(stream, ANALYST)
    scope = SCOPE | {"state": {"servicekit.abort": lambda: aborted.append(not reader.free.is_set())}}
    reader.free.clear()
    answer = asyncio.create_task(SeatedEvents(stream, Subscription(topics=["prices"]))(scope, never, reader.send))
    await settle()
    assert not answer.done()
    stream.end()
    await asyncio.wait_for(answer, 5)
    await settle()
    assert aborted
    assert all(aborted), "it ended although nothing was read"
    assert not made._streams
