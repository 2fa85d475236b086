"""The WebSocket door without a network: a client's protocol on one side, the gateway's on the other."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from stream_gateway.frames import PING, close_frame, text_frame
from websockets.frames import Close, Frame, Opcode
from websockets.streams import StreamReader

from tests.support.gateway import gateway, record
from tests.support.tokens import Issuer
from tests.support.wire import Wire, connect


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


async def test_a_token_comes_by_header_or_as_a_subprotocol(issuer: Issuer):
    made = gateway(issuer)
    by_header = await connect(made, issuer.headers())
    by_protocol = await connect(made, {"Sec-WebSocket-Protocol": f"bearer, {issuer.token()}"})
    for wire in (by_header, by_protocol):
        wire.send({"subscribe": {"topics": ["prices"]}})
        await made.hub.publish([record("prices", 0, made.hub.live["prices", 0])])
        assert list(wire.messages[0]) == ["subscribed"]
        assert wire.messages[-1]["value"] == {"n": made.hub.live["prices", 0] - 1}


async def test_every_bad_token_is_refused_before_the_upgrade(issuer: Issuer):
    made = gateway(issuer)
    for bad in issuer.bad():
        wire = await connect(made, bad.headers)
        assert wire.refusal is not None, bad.name
        assert wire.refusal.status_code == bad.status, bad.name
        assert wire.refusal.headers["Content-Type"] == "application/problem+json"
        assert wire.refusal.headers["WWW-Authenticate"].startswith("Bearer")
        assert wire.closed
    assert made.metrics.refused.labels("403")._value.get() == 1


@pytest.mark.parametrize("offered", ["bearer", "chat", "bearer, "])
async def test_a_subprotocol_without_a_token_is_none(issuer: Issuer, offered: str):
    wire = await connect(gateway(issuer), {"Sec-WebSocket-Protocol": offered})
    assert wire.refusal is None or wire.refusal.status_code in {400, 401}
    assert wire.closed


async def test_another_path_is_no_stream(issuer: Issuer):
    wire = await connect(gateway(issuer), issuer.headers(), path="/ws/other")
    assert wire.refusal is not None
    assert wire.refusal.status_code == 404


async def test_who_has_too_many_streams_is_refused_until_one_is_closed(issuer: Issuer):
    made = gateway(issuer, max_connections_per_principal=1)
    first = await connect(made, issuer.headers())
    second = await connect(made, issuer.headers())
    assert second.refusal is not None
    assert second.refusal.status_code == 429
    first.client.send_close(1000)
    first.pump()
    await first.settle()
    assert (first.close_code, first.closed) == (1000, True)
    assert (await connect(made, issuer.headers())).refusal is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"subscribe": {"topics": ["secret"]}}, "topic 'secret' is not one that you may read"),
        ({"unsubscribe": {}}, "subscribe: Field required"),
    ],
)
async def test_a_wrong_subscription_is_told_and_the_stream_closed(issuer: Issuer, message: Any, reason: str):
    wire = await connect(gateway(issuer), issuer.headers())
    wire.send(message)
    assert reason in wire.messages[0]["error"]["message"]
    assert wire.close_code == 1008


async def test_a_tenant_is_refused_the_topic_of_another(issuer: Issuer):
    wire = await connect(gateway(issuer), issuer.headers("analyst", "desk"))
    wire.send({"subscribe": {"topics": ["prices"]}})
    assert wire.close_code == 1008


async def test_a_subscription_may_come_in_parts(issuer: Issuer):
    wire = await connect(gateway(issuer), issuer.headers())
    wire.client.send_text(b'{"subscribe": ', fin=False)
    wire.client.send_continuation(b"{}}", fin=True)
    wire.pump()
    assert "subscribed" in wire.messages[0]


async def test_a_binary_message_a_flood_and_a_message_too_large_are_refused(issuer: Issuer):
    made = gateway(issuer)
    binary, flood, large = [await connect(made, issuer.headers()) for _ in range(3)]
    binary.client.send_binary(b"x")
    binary.pump()
    for _ in range(21):
        if flood.close_code is None:
            flood.send({"subscribe": {}})
    large.send({"subscribe": {"symbols": ["x" * 65_536]}})
    assert (binary.close_code, flood.close_code, large.close_code) == (1003, 1008, 1009)


async def test_a_slow_client_gets_what_waited_and_is_told_what_it_lost(issuer: Issuer):
    made = gateway(issuer, queue_messages=3)
    slow, fast = [await connect(made, issuer.headers()) for _ in range(2)]
    for wire in (slow, fast):
        wire.send({"subscribe": {"topics": ["prices"]}})
    slow.jam()
    await made.hub.publish([record("prices", 0, offset) for offset in range(5)])
    assert [one["offset"] for one in fast.messages[1:]] == [0, 1, 2, 3, 4]
    slow.free()
    missing = [{"topic": "prices", "partition": 0, "first": 0, "last": 1}]
    assert slow.messages[1] == {"gap": {"reason": "slow", "missing": missing}}
    assert [one["offset"] for one in slow.messages[2:]] == [2, 3, 4]
    assert made.metrics.dropped._value.get() == 2
    await made.hub.publish([record("prices", 0, 5)])
    assert slow.messages[-1]["offset"] == 5


async def test_a_slow_client_is_cut_where_nothing_may_be_dropped(issuer: Issuer):
    made = gateway(issuer, queue_messages=1, slow_client="disconnect")
    slow = await connect(made, issuer.headers())
    slow.send({"subscribe": {"topics": ["prices"]}})
    slow.jam()
    await made.hub.publish([record("prices", 0, offset) for offset in range(3)])
    slow.stuck = False
    slow.flush()
    assert slow.close_code == 1013


async def test_at_the_end_a_client_gets_what_waits_then_its_last_offsets_then_the_close(issuer: Issuer):
    made = gateway(issuer)
    wire = await connect(made, issuer.headers())
    wire.send({"subscribe": {"topics": ["prices"]}})
    wire.jam()
    await made.hub.publish([record("prices", 1, 0)])
    made.end()
    wire.stuck = False
    wire.flush()
    assert wire.messages[1]["offset"] == 0
    assert wire.messages[2] == {
        "closing": {"code": 1012, "reason": "the gateway restarts", "resume": {"prices": {"0": -1, "1": 0}}}
    }
    assert wire.close_code == 1012


async def test_a_connection_that_has_not_shaken_hands_is_just_closed_at_the_end(issuer: Issuer):
    wire = Wire(gateway(issuer), issuer.headers())
    wire.stream.shutdown()
    await wire.settle()
    assert wire.closed


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    begun = time.monotonic()
    return lambda seconds: begun + seconds


async def test_a_quiet_client_is_pinged_and_a_dead_one_cut(issuer: Issuer, later: Any):
    wire = await connect(gateway(issuer, heartbeat_seconds=20), issuer.headers())
    wire.send({"subscribe": {}})
    wire.stream.tick(later(19))
    assert wire.pings == 0
    wire.stream.tick(later(21))
    assert wire.pings == 1
    wire.stream.tick(later(51))
    assert wire.close_code == 1011


async def test_a_client_that_asks_for_nothing_is_closed(issuer: Issuer, later: Any):
    wire = await connect(gateway(issuer), issuer.headers())
    wire.stream.tick(later(11))
    assert wire.close_code == 1008


async def test_a_stream_ends_with_its_token(issuer: Issuer, later: Any):
    wire = await connect(gateway(issuer), issuer.headers(exp=int(time.time()) - 29))
    wire.send({"subscribe": {}})
    wire.stream.principal = wire.stream.principal and type(wire.stream.principal)("a", expires_at=time.time() - 31)
    wire.stream.tick(later(1))
    assert wire.close_code == 1008


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_frames_are_read_by_a_client_as_they_were_meant(size: int):
    reader = StreamReader()
    reader.feed_data(text_frame(b"x" * size) + PING + close_frame(1012, "é" * 100))
    frames = []
    for _ in range(3):
        parsing = Frame.parse(reader.read_exact, mask=False)
        with pytest.raises(StopIteration) as parsed:
            next(parsing)
        frames.append(parsed.value.value)
    text, ping, close = frames
    assert (text.opcode, text.fin, bytes(text.data)) == (Opcode.TEXT, True, b"x" * size)
    assert ping.opcode is Opcode.PING
    assert Close.parse(close.data) == Close(1012, "é" * 61), "a reason is cut at 123 bytes, between two characters"
