"""Who gets which record: fan-out, filters, tenants, resuming, and what a slow client loses."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from servicekit.auth import Principal, Refused
from servicekit.records import Record
from stream_gateway import messages
from stream_gateway.envelope import Item, item_of
from stream_gateway.gateway import Gateway
from stream_gateway.messages import Invalid, Subscription
from stream_gateway.outbox import Outbox
from stream_gateway.replay import Replayer

from tests.support.gateway import ANALYST, Client, FakeLog, gateway, record
from tests.support.tokens import Issuer


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


def subscribe(made: Gateway, client: Client, **wanted: Any) -> Client:
    made.subscribe(client, Subscription(**wanted))
    return client


async def test_every_client_gets_what_it_asked_for_and_nothing_else(issuer: Issuer):
    made = gateway(issuer)
    everything = subscribe(made, Client())
    prices = subscribe(made, Client(), topics=["prices"])
    wti = subscribe(made, Client(), symbols=["WTI"])
    first_column = subscribe(made, Client(), topics=["prices"], symbols=["PJM", "PJM|WEST"])
    await made.hub.publish([record("prices", 0, 0), record("prices", 1, 0, b"PJM|WEST"), record("predictions", 0, 0)])
    assert everything.seen == [("prices", 0, 0), ("prices", 1, 0), ("predictions", 0, 0)]
    assert prices.seen == everything.seen[:2]
    assert wti.seen == [everything.seen[0], everything.seen[2]]
    assert first_column.seen == [("prices", 1, 0)]


async def test_a_client_is_told_from_where_on_it_sees_every_record(issuer: Issuer):
    made = gateway(issuer)
    await made.hub.publish([record("prices", 0, 6)])
    client = subscribe(made, Client(), topics=["prices"], symbols=["WTI"])
    assert client.messages == [
        {"subscribed": {"topics": ["prices"], "symbols": ["WTI"], "position": {"prices": {"0": 6, "1": -1}}}}
    ]


async def test_a_further_subscription_replaces_the_one_before(issuer: Issuer):
    made = gateway(issuer)
    client = subscribe(made, Client(), topics=["prices"], symbols=["WTI"])
    subscribe(made, client, topics=["predictions"])
    await made.hub.publish([record("prices", 0, 0), record("predictions", 0, 0)])
    assert client.seen == [("predictions", 0, 0)]
    made.unsubscribe(client)
    await made.hub.publish([record("predictions", 0, 1)])
    assert client.seen == [("predictions", 0, 0)]


@pytest.mark.parametrize(
    ("roles", "tenants", "allowed"),
    [
        (["analyst"], ["desk"], ["predictions"]),
        (["analyst"], ["other"], []),
        (["partner"], [], []),
        (["analyst"], ["platform"], ["prices", "predictions"]),
        (["service"], [], ["prices", "predictions"]),
    ],
)
def test_a_principal_sees_the_topics_of_its_tenants(
    issuer: Issuer, roles: list[str], tenants: list[str], allowed: list[str]
):
    assert gateway(issuer).allowed(Principal("a", frozenset(roles), frozenset(tenants))) == allowed


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"topics": ["prices"]}, "topic 'prices' is not one that you may read; there are predictions"),
        ({"topics": ["nowhere"]}, "topic 'nowhere' is not one that you may read"),
        ({"resume": {"prices": {"0": 1}}}, "topic 'prices' is not one that you may read"),
        ({"resume": {"predictions": {"2": 1}}}, "resume.predictions.2: you did not subscribe to it"),
        ({"resume": {"predictions": {"x": 1}}}, "'x' is no partition"),
        ({"resume": {"predictions": {"0": -2}}}, "resume.predictions.0 = -2"),
    ],
)
def test_what_a_tenant_may_not_have_is_refused_and_not_told_apart_from_what_is_not_there(
    issuer: Issuer, wanted: dict[str, Any], reason: str
):
    client = Client(Principal("a", frozenset({"analyst"}), frozenset({"desk"})))
    with pytest.raises(Invalid, match=reason):
        gateway(issuer).subscribe(client, Subscription(**wanted))
    assert client.messages == []


def test_without_any_topic_of_its_own_a_client_is_refused(issuer: Issuer):
    with pytest.raises(Invalid, match="there are none for your tenants"):
        gateway(issuer).subscribe(Client(Principal("a", frozenset({"analyst"}))), Subscription())


def test_a_topic_that_is_not_read_yet_is_told_as_such(issuer: Issuer):
    made = gateway(issuer)
    made.hub.live.clear()
    with pytest.raises(Invalid, match="not read from Kafka yet"):
        made.subscribe(Client(), Subscription())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "message"),
        ("{}", "subscribe: Field required"),
        ('{"subscribe": {}, "more": 1}', "more"),
        ('{"subscribe": {"topics": []}}', "subscribe.topics"),
        ('{"subscribe": {"symbols": ["a", 1]}}', "subscribe.symbols.1"),
        ('{"subscribe": {"resume": {"prices": {"0": "1"}}}}', "subscribe.resume.prices.0"),
        ('{"subscribe": {"resume": {"prices": {"0": 1.5}}}}', "subscribe.resume.prices.0"),
    ],
)
def test_a_message_of_another_form_is_told_with_its_place(text: str, reason: str):
    with pytest.raises(Invalid, match=reason):
        messages.parse_client_message(text)


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', "[" * 100_000])
def test_a_resume_of_another_form_is_refused(text: str):
    with pytest.raises(Invalid):
        messages.parse_resume(text)


def test_a_record_is_passed_on_with_its_path_and_its_value_as_it_is():
    headers = {"hops": b"price-feed=5", "traceparent": b"00-trace"}
    found = orjson.loads(item_of(record("prices", 1, 7, b"WTI", value=b'{"price": "70.10"}', headers=headers)).payload)
    assert found["hops"].pop()["service"] == "stream-gateway"
    assert found == {
        "topic": "prices",
        "partition": 1,
        "offset": 7,
        "key": "WTI",
        "value": {"price": "70.10"},
        "hops": [{"service": "price-feed", "at": 5}],
        "traceparent": "00-trace",
    }


@pytest.mark.parametrize(
    ("value", "shown", "encoding"),
    [(None, None, None), (b"plain", "plain", "text"), (b"NaN", "NaN", "text"), (b"\xff\x00", "/wA=", "base64")],
)
def test_a_value_that_is_no_json_is_named_by_its_encoding(value: bytes | None, shown: str | None, encoding: str | None):
    found = orjson.loads(item_of(record("prices", 0, 0, None, value=value)).payload)
    assert (found["key"], found["value"], found.get("encoding")) == (None, shown, encoding)


def items(*offsets: int) -> list[Item]:
    return [Item(b"%d" % offset, ("prices", 0), offset) for offset in offsets]


def test_a_full_queue_drops_its_oldest_and_says_which_before_what_is_left():
    box = Outbox(2, drop_oldest=True)
    notice = Item(b"notice")
    for item in [notice, *items(1, 2, 3, 4)]:
        assert box.put(item)
    gap, *rest = iter(box.take, None)
    missing = [{"topic": "prices", "partition": 0, "first": 1, "last": 3}]
    assert orjson.loads(gap.payload) == {"gap": {"reason": "slow", "missing": missing}}
    assert [item.payload for item in rest] == [b"notice", b"4"], "what the gateway itself says is never dropped"
    assert box.dropped == 3


def test_a_full_queue_that_may_not_drop_takes_no_more():
    box = Outbox(1, drop_oldest=False)
    assert [box.put(item) for item in items(1, 2)] == [True, False]
    assert box.full
    box.clear()
    assert box.take() is None


def test_there_are_at_most_so_many_streams_and_so_many_of_one_principal(issuer: Issuer):
    made = gateway(issuer, max_connections=3, max_connections_per_principal=2)
    first, second = Client(), Client()
    made.seat(first, ANALYST)
    made.seat(second, ANALYST)
    with pytest.raises(Refused, match="you have 2 streams open") as caught:
        made.seat(Client(), ANALYST)
    assert caught.value.status == 429
    made.seat(Client(), Principal("b"))
    with pytest.raises(Refused, match="3 streams are open") as caught:
        made.seat(Client(), Principal("c"))
    assert caught.value.status == 503
    made.unseat(first)
    made.unseat(first)
    made.seat(Client(), Principal("c"))


@asynccontextmanager
async def replaying(made: Gateway, log: FakeLog, **settings: Any) -> AsyncIterator[None]:
    made.replayer = Replayer(made.hub, log.reader, made.metrics, **{"max_records": 1000, **settings})  # type: ignore[arg-type]
    task = asyncio.create_task(made.replayer.run())
    yield
    task.cancel()


async def settle() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


async def test_who_resumes_gets_what_it_missed_then_the_present_each_once_and_in_order(issuer: Issuer):
    made, log = gateway(issuer), FakeLog()
    written = [log.write("prices", number % 2) for number in range(20)]
    await made.hub.publish(written)
    async with replaying(made, log):
        client = subscribe(made, Client(), topics=["prices"], resume={"prices": {"0": 3, "1": -1}})
        await settle()
        await made.hub.publish([log.write("prices", 0)])
    assert [one for one in client.seen if one[1] == 0] == [("prices", 0, offset) for offset in range(4, 11)]
    assert [one for one in client.seen if one[1] == 1] == [("prices", 1, offset) for offset in range(10)]


class Bustle:
    """Records are written, clients resume and read slowly, and the gateway's own reading lags, all by chance."""

    def __init__(self, made: Gateway, log: FakeLog, seed: int) -> None:
        self.made, self.log, self.draw = made, log, random.Random(seed)
        self.unread: list[Record] = []
        self.clients: list[tuple[Client, dict[str, int]]] = []

    async def step(self) -> None:
        for _ in range(self.draw.randrange(3)):
            place = self.draw.randrange(2)
            if self.draw.random() < 0.2:
                self.log.mark("prices", place)
            self.unread.append(self.log.write("prices", place))
        if self.draw.random() < 0.3:
            resume = {str(at): self.draw.randrange(-1, self.made.hub.live["prices", at]) for at in range(2)}
            client = Client(room=4 if self.draw.random() < 0.5 else None)
            self.clients.append((client, resume))
            subscribe(self.made, client, topics=["prices"], resume={"prices": resume})
        for _ in range(self.draw.randrange(4)):
            await asyncio.sleep(0)
        await self.read(self.draw.randrange(len(self.unread) + 1))

    async def read(self, records: int) -> None:
        await self.made.hub.publish(self.unread[:records])
        self.unread = self.unread[records:]
        for client, _ in self.clients:
            client.queued = 0
            self.made.drained(client)


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_written_during_a_replay_is_neither_lost_nor_doubled(issuer: Issuer, seed: int):
    made, log = gateway(issuer), FakeLog()
    bustle = Bustle(made, log, seed)
    async with replaying(made, log):
        for _ in range(60):
            await bustle.step()
        for _ in range(40):
            await bustle.read(1)
            await settle()
        await bustle.read(len(bustle.unread))
        await settle()
    assert len(bustle.clients) > 5
    for client, resume in bustle.clients:
        for place in range(2):
            wanted = [one.offset for one in log.records["prices", place] if one.offset > resume[str(place)]]
            assert [offset for _, at, offset in client.seen if at == place] == wanted


async def test_a_slow_client_is_left_where_it_is_and_the_others_go_on(issuer: Issuer):
    made, log = gateway(issuer), FakeLog()
    await made.hub.publish([log.write("prices", 0) for _ in range(50)])
    async with replaying(made, log):
        slow = subscribe(made, Client(room=5), topics=["prices"], resume={"prices": {"0": -1}})
        fast = subscribe(made, Client(), topics=["prices"], resume={"prices": {"0": -1}})
        await settle()
        assert (len(slow.seen), len(fast.seen)) == (5, 50)
        slow.queued, slow.room = 0, None
        made.drained(slow)
        await settle()
    assert slow.seen == fast.seen


@pytest.mark.parametrize(
    ("low", "most", "last", "reason", "first", "until"),
    [(10, 1000, 3, "expired", 4, 9), (0, 5, -1, "too-far", 0, 14), (0, 1000, 29, "ahead", 20, 29)],
)
async def test_what_cannot_be_had_any_more_is_told(
    issuer: Issuer, low: int, most: int, last: int, reason: str, first: int, until: int
):
    made, log = gateway(issuer), FakeLog(low)
    await made.hub.publish([log.write("prices", 0) for _ in range(20)])
    async with replaying(made, log, max_records=most):
        client = subscribe(made, Client(), topics=["prices"], resume={"prices": {"0": last}})
        await settle()
        await made.hub.publish([log.write("prices", 0)])
    missing = [{"topic": "prices", "partition": 0, "first": first, "last": until}]
    assert client.notices("gap") == [{"reason": reason, "missing": missing}]
    assert client.seen[-1] == ("prices", 0, 20)
    assert len(client.seen) == 20 - min(until + 1, 20) + 1


async def test_a_client_that_leaves_during_its_replay_gets_nothing_more(issuer: Issuer):
    made, log = gateway(issuer), FakeLog()
    await made.hub.publish([log.write("prices", 0) for _ in range(50)])
    async with replaying(made, log):
        client = subscribe(made, Client(), topics=["prices"], resume={"prices": {"0": -1}})
        made.unsubscribe(client)
        await settle()
    assert client.seen == []


async def test_the_last_offsets_of_a_client_are_where_it_was_in_its_replay_or_the_present(issuer: Issuer):
    made = gateway(issuer)
    await made.hub.publish([record("prices", 0, 9)])
    live = subscribe(made, Client(), topics=["prices"])
    resuming = subscribe(made, Client(), topics=["prices"], resume={"prices": {"0": 4}})
    assert made.last(live) == {("prices", 0): 9, ("prices", 1): -1}
    assert made.last(resuming) == {("prices", 0): 4, ("prices", 1): -1}
    assert made.last(Client()) == {}


async def test_a_stop_in_the_middle_of_a_fan_out_tells_who_was_not_reached_the_offset_before(issuer: Issuer):
    made = gateway(issuer)
    clients = [subscribe(made, Client(), topics=["prices"]) for _ in range(750)]
    await made.hub.publish([record("prices", 0, 0)])
    publishing = asyncio.create_task(made.hub.publish([record("prices", 0, 1)]))
    await asyncio.sleep(0)
    late = subscribe(made, Client(), topics=["prices"])
    served = [len(client.seen) for client in clients]
    assert set(served) == {1, 2}, "the fan-out is under way"
    for client in [*clients, late]:
        (told,) = {offset for (_, place), offset in made.last(client).items() if place == 0}
        expected = 1 if client is late else len(client.seen) - 1
        assert told == expected, "it asks for what it has not got, and for nothing twice"
        made.unseat(client)
    await publishing
    assert [len(client.seen) for client in clients] == served
    assert late.seen == []
    after = subscribe(made, Client(), topics=["prices"])
    assert made.last(after)["prices", 0] == 1
    # The first round reached all, the second those before the pause: who was skipped is not counted.
    assert made.metrics.messages.labels("prices")._value.get() == sum(served)


def test_paths_of_the_page_are_files(tmp_path: Path):
    from stream_gateway.page import FILES, FOLDER

    assert all((FOLDER / name).is_file() for name, _ in FILES.values())
