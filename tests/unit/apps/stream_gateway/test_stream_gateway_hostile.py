"""What slow, broken and hostile clients cost the WebSocket door: their own connection, and little memory until then."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from servicekit.auth import Refused

from tests.support.gateway import gateway, record
from tests.support.tokens import Issuer
from tests.support.wire import connect


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


async def test_of_two_authorization_headers_neither_counts(issuer: Issuer):
    made = gateway(issuer)
    wire = await connect(made, {"Authorization": [f"Bearer {issuer.token()}"] * 2})
    assert wire.refusal is not None
    assert wire.refusal.status_code == 401
    assert b"2 Authorization headers; send one" in (wire.refusal.body or b"")
    assert wire.closed
    assert made.metrics.refused.labels("401")._value.get() == 1


async def test_a_handshake_that_fails_for_a_reason_that_nobody_foresaw_is_closed(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    made = gateway(issuer)

    async def admit(_token: str | None) -> Any:
        raise LookupError("unforeseen")

    monkeypatch.setattr(made.guard, "admit", admit)
    wire = await connect(made, issuer.headers())
    assert wire.closed
    assert made.metrics.closed.labels("1011")._value.get() == 1


async def test_a_handshake_has_its_time(issuer: Issuer, monkeypatch: pytest.MonkeyPatch):
    made = gateway(issuer)
    answered = asyncio.Event()

    async def admit(_token: str | None) -> Any:
        await answered.wait()
        raise Refused(503, "unavailable", "no keys")

    monkeypatch.setattr(made.guard, "admit", admit)
    monkeypatch.setattr("stream_gateway.sockets._HANDSHAKE_SECONDS", 0.0)
    wire = await connect(made, issuer.headers())
    assert wire.refusal is not None
    assert wire.refusal.status_code == 503
    assert b"the handshake took more than" in (wire.refusal.body or b"")
    assert wire.closed
    answered.set()
    await wire.settle()
    assert made.metrics.refused.labels("503")._value.get() == 1, "it is refused once"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time as the doors see it."""
    now = SimpleNamespace(at=time.monotonic())
    monkeypatch.setattr("stream_gateway.sockets.time", SimpleNamespace(monotonic=lambda: now.at, time=time.time))
    return now


async def test_a_client_that_reads_slowly_is_kept_however_long_it_takes(issuer: Issuer, clock: SimpleNamespace):
    made = gateway(issuer, heartbeat_seconds=20)
    wire = await connect(made, issuer.headers())
    wire.send({"subscribe": {"topics": ["prices"]}})
    for offset in range(10):
        wire.jam()
        await made.hub.publish([record("prices", 0, offset)])
        clock.at += 15
        wire.stream.tick(clock.at)
        wire.stuck = False
        wire.flush()
        wire.stream.resume_writing()
    assert wire.pings == 0
    assert (wire.close_code, wire.closed) == (None, False)
    assert [message["offset"] for message in wire.messages[1:]] == list(range(10))


async def test_a_client_whose_buffer_shrinks_reads_and_one_that_only_sends_does_not(
    issuer: Issuer, clock: SimpleNamespace
):
    made = gateway(issuer, heartbeat_seconds=20)
    wire = await connect(made, issuer.headers())
    wire.send({"subscribe": {"topics": ["prices"]}})
    wire.stuck, wire.buffer = True, b"\x8a\x00" * 10
    wire.stream.pause_writing()
    for _ in range(5):
        clock.at += 40
        wire.buffer = wire.buffer[2:]
        wire.stream.tick(clock.at)
    assert not wire.stream._closing
    for _ in range(2):
        clock.at += 30
        wire.client.send_ping(b"")
        wire.pump()
        wire.stream.tick(clock.at)
    wire.stuck = False
    wire.flush()
    assert wire.close_code == 1011


async def test_a_client_that_floods_pings_and_reads_nothing_is_cut(issuer: Issuer):
    made = gateway(issuer)
    wire = await connect(made, issuer.headers())
    wire.send({"subscribe": {}})
    wire.jam()
    for _ in range(2_000):
        wire.client.send_ping(b"x" * 125)
        wire.pump()
        if wire.closed:
            break
    assert wire.closed
    assert len(wire.buffer) <= 131_072
    assert made.metrics.closed.labels("1008")._value.get() == 1
    assert not made._streams


async def test_pings_of_a_client_that_reads_are_answered_however_many(issuer: Issuer, clock: SimpleNamespace):
    wire = await connect(gateway(issuer), issuer.headers())
    for _ in range(2_000):
        clock.at += 0.005
        wire.client.send_ping(b"x" * 125)
        wire.pump()
    assert not wire.closed
    assert not wire.unread


@pytest.mark.parametrize("frame", [b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0"], ids=["pings", "pongs"])
async def test_a_client_that_floods_frames_is_closed_before_the_rest_is_looked_at(
    issuer: Issuer, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, frame: bytes
):
    made = gateway(issuer)
    wire = await connect(made, issuer.headers())
    wire.send({"subscribe": {}})
    read: list[int] = []
    receive = wire.stream._protocol.receive_data
    monkeypatch.setattr(wire.stream._protocol, "receive_data", lambda data: (read.append(len(data)), receive(data))[1])
    # What an event loop hands over at once.
    wire.stream.data_received(frame * 43_000)
    wire.stream.data_received(frame * 43_000)
    assert sum(read) <= 2 * 4_096, "parsing alone holds up everybody else"
    assert wire.close_code == 1008
    assert wire.unread
    assert not made._streams
    assert made.metrics.closed.labels("1008")._value.get() == 1


async def test_who_floods_after_a_close_is_not_read_any_more(issuer: Issuer, clock: SimpleNamespace):
    made = gateway(issuer)
    wire = await connect(made, issuer.headers())
    wire.stuck = True
    wire.stream.close(1013, "too slow")
    wire.stream.data_received(b"\x8a\x80\0\0\0\0" * 2_000)
    assert wire.unread
    assert made.metrics.closed.labels("1013")._value.get() == 1
    assert made.metrics.closed.labels("1008")._value.get() == 0


async def test_a_message_in_countless_parts_is_refused(issuer: Issuer):
    wire = await connect(gateway(issuer), issuer.headers())
    wire.client.send_text(b"{", fin=False)
    for _ in range(1_000):
        wire.client.send_continuation(b"", fin=False)
    wire.pump()
    assert wire.close_code == 1008
    assert wire.stream._fragments == []


async def test_nothing_is_written_to_a_connection_that_broke_and_was_not_told_of_yet(issuer: Issuer):
    made = gateway(issuer)
    wire = await connect(made, issuer.headers())
    wire.send({"subscribe": {"topics": ["prices"]}})
    wire.closed = True
    # The wire itself refuses what is written after its close.
    await made.hub.publish([record("prices", 0, offset) for offset in range(10)])
    wire.stream.connection_lost(ConnectionResetError())
    assert not made._streams
