"""The gateway as a process before a real broker, with clients of another WebSocket library than its own."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from servicekit.kafka import KafkaSettings
from servicekit.producer import Producer

from tests.support.kafka import Broker, running_kafka
from tests.support.service_process import ServiceProcess
from tests.support.streams import StreamClient, start_gateway
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration

PARTITIONS = 3


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def topic(kafka_broker: Broker) -> str:
    name = f"prices-{uuid4().hex[:8]}"
    kafka_broker.create_topics(name, partitions=PARTITIONS)
    return name


@pytest.fixture
def gateways() -> Iterator[list[ServiceProcess]]:
    started: list[ServiceProcess] = []
    yield started
    for one in started:
        one.process.kill()
        one.process.wait()
        assert not [line for line in one.log if "Traceback" in json.dumps(line)]


def key(number: int) -> bytes:
    return f"S{number % 20}".encode()


def value(number: int, size: int = 0) -> bytes:
    return json.dumps({"n": number, "at": time.time(), "fill": "x" * size}).encode()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def write(
    broker: Broker, topic: str, numbers: range, *, pause: float = 0, every: int = 500, size: int = 0
) -> None:
    """Write records, and after so many of them wait until they are kept and for a pause."""
    async with Producer(KafkaSettings(bootstrap_servers=broker.plain)) as producer:
        for number in numbers:
            sent = producer.enqueue(topic, key(number), value(number, size))
            if not (number + 1) % every:
                await sent
                await asyncio.sleep(pause)


def whole(client: StreamClient, records: int) -> None:
    """Every record once, and each partition in its order."""
    assert sum(len(offsets) for offsets in client.offsets.values()) == records
    for place, offsets in client.offsets.items():
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets))), place
    numbers = sorted(record["value"]["n"] for record in client.records)
    assert numbers == list(range(numbers[0], numbers[0] + records))
    for symbol in {record["key"] for record in client.records}:
        mine = [record["value"]["n"] for record in client.records if record["key"] == symbol]
        assert mine == sorted(mine), "records of one key come in the order in which they were written"


async def test_nothing_is_lost_and_each_partition_keeps_its_order(
    kafka_broker: Broker, issuer: Issuer, topic: str, tmp_path: Path, gateways: list[ServiceProcess]
):
    gateways.append(start_gateway(tmp_path, kafka_broker, issuer, topic))
    clients = [await StreamClient(gateways[0].url, issuer.token()).start() for _ in range(20)]
    some = await StreamClient(gateways[0].url, issuer.token(), symbols=["S3", "S4"]).start()
    await write(kafka_broker, topic, range(3000))
    for client in clients:
        await client.until(3000)
        whole(client, 3000)
    await some.until(300)
    assert {record["key"] for record in some.records} == {"S3", "S4"}
    assert len(some.records) == 300
    for client in [*clients, some]:
        await client.stop()
    assert gateways[0].metric("stream_records_total", topic=topic) == 3000


async def kill_and_resume(
    broker: Broker, issuer: Issuer, topic: str, folder: Path, gateways: list[ServiceProcess], kills: int
) -> None:
    port, draw = free_port(), random.Random(7)
    gateways.append(start_gateway(folder, broker, issuer, topic, listen_port=port))
    clients = [await StreamClient(gateways[0].url, issuer.token()).start() for _ in range(5)]
    records = kills * 200
    writing = asyncio.create_task(write(broker, topic, range(records), pause=0.002, every=1))
    for _ in range(kills):
        await asyncio.sleep(draw.uniform(0.2, 1.0))
        gateways[-1].kill()
        gateways.append(await asyncio.to_thread(start_gateway, folder, broker, issuer, topic, listen_port=port))
    await writing
    for client in clients:
        await client.until(records)
        await client.stop()
        whole(client, records)
        assert not [message for message in client.messages if "gap" in message]


async def test_a_gateway_killed_again_and_again_loses_and_doubles_nothing_for_who_resumes(
    kafka_broker: Broker, issuer: Issuer, topic: str, tmp_path: Path, gateways: list[ServiceProcess]
):
    await kill_and_resume(kafka_broker, issuer, topic, tmp_path, gateways, kills=3)


@pytest.mark.soak
async def test_twenty_kills_lose_and_double_nothing(
    kafka_broker: Broker, issuer: Issuer, topic: str, tmp_path: Path, gateways: list[ServiceProcess]
):
    await kill_and_resume(kafka_broker, issuer, topic, tmp_path, gateways, kills=20)


@pytest.mark.soak
async def test_a_broker_that_is_killed_and_comes_back_costs_no_record(
    issuer: Issuer, tmp_path: Path, gateways: list[ServiceProcess]
):
    with running_kafka(tmp_path / "broker") as broker:
        broker.create_topics("prices", partitions=PARTITIONS)
        (tmp_path / "gateway").mkdir()
        gateways.append(start_gateway(tmp_path / "gateway", broker, issuer, "prices"))
        client = await StreamClient(gateways[0].url, issuer.token()).start()
        await write(broker, "prices", range(200))
        await client.until(200)
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        await write(broker, "prices", range(200, 400))
        await client.until(400)
        await client.stop()
        whole(client, 400)
        assert client.closes == []


def stuck_client(url: str, token: str) -> socket.socket:
    """Subscribes and reads nothing more."""
    host, port = url.removeprefix("http://").split(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    headers = {
        "Host": "gateway",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Authorization": f"Bearer {token}",
    }
    lines = ["GET /ws/stream HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items()), "", ""]
    client.sendall("\r\n".join(lines).encode())
    assert client.recv(4096).startswith(b"HTTP/1.1 101")
    message = b'{"subscribe": {}}'
    client.sendall(bytes((0x81, 0x80 | len(message))) + bytes(4) + message)
    return client


@pytest.mark.parametrize("policy", ["drop-oldest", "disconnect"])
async def test_clients_that_do_not_read_slow_nobody_and_cost_little_memory(
    kafka_broker: Broker, issuer: Issuer, topic: str, tmp_path: Path, gateways: list[ServiceProcess], policy: str
):
    gateways.append(
        start_gateway(
            tmp_path, kafka_broker, issuer, topic, queue_messages=500, slow_client=policy, heartbeat_seconds=60
        )
    )
    client = await StreamClient(gateways[0].url, issuer.token()).start()
    stuck = [stuck_client(gateways[0].url, issuer.token()) for _ in range(20)]
    before = gateways[0].metric("process_resident_memory_bytes")
    await write(kafka_broker, topic, range(2000), size=10_000, pause=0.02, every=25)
    await client.until(2000)
    whole(client, 2000)
    async with Producer(KafkaSettings(bootstrap_servers=kafka_broker.plain)) as producer:
        for number in range(2000, 2050):
            await producer.enqueue(topic, key(number), value(number))
            # Each before the next is written. How long that takes is the machine's affair: the first record of a
            # writer alone waits for its connection and its id, in steps of half a second.
            await client.until(number + 1)
    whole(client, 2050)
    grown = gateways[0].metric("process_resident_memory_bytes") - before
    assert grown < 100e6, f"{grown / 1e6:.0f} MB: what waits for slow clients is bounded"
    if policy == "drop-oldest":
        assert gateways[0].metric("stream_dropped_messages_total") > 0
    else:
        assert gateways[0].metric("stream_closed_total", code="1013") == 20
    for one in stuck:
        one.close()
    await client.stop()


async def test_a_stop_under_load_tells_every_client_where_to_go_on(
    kafka_broker: Broker, issuer: Issuer, topic: str, tmp_path: Path, gateways: list[ServiceProcess]
):
    port = free_port()
    gateways.append(start_gateway(tmp_path, kafka_broker, issuer, topic, listen_port=port, drain_seconds=0.3))
    clients = [await StreamClient(gateways[0].url, issuer.token()).start() for _ in range(50)]
    writing = asyncio.create_task(write(kafka_broker, topic, range(600), pause=0.001, every=1))
    await asyncio.sleep(0.5)
    gateways[0].terminate()
    assert await asyncio.to_thread(gateways[0].end) == 0
    gateways.append(await asyncio.to_thread(start_gateway, tmp_path, kafka_broker, issuer, topic, listen_port=port))
    await writing
    for client in clients:
        await client.until(600)
        await client.stop()
        whole(client, 600)
        assert client.closes[0] == 1012
        (closing,) = [message["closing"] for message in client.messages if "closing" in message]
        assert set(closing["resume"]) == {topic}


async def test_events_go_on_where_they_were_by_the_id_of_the_last(
    kafka_broker: Broker, issuer: Issuer, topic: str, tmp_path: Path, gateways: list[ServiceProcess]
):
    gateways.append(start_gateway(tmp_path, kafka_broker, issuer, topic))
    seen: list[int] = []
    last_id = ""
    async with httpx.AsyncClient(base_url=gateways[0].url, timeout=20) as http:
        for until in (100, 200):
            headers = issuer.headers() | ({"last-event-id": last_id} if last_id else {})
            async with http.stream("GET", "/v1/stream", headers=headers) as answer:
                writing = asyncio.create_task(write(kafka_broker, topic, range(until - 100, until)))
                async for line in answer.aiter_lines():
                    if line.startswith("id: "):
                        last_id = line.removeprefix("id: ")
                    elif line.startswith("data: ") and "offset" in (record := json.loads(line.removeprefix("data: "))):
                        seen.append(record["value"]["n"])
                    if len(seen) == until - 50 * (until == 100):
                        break
                await writing
    assert sorted(seen) == list(range(200))


def wait_for_seats(gateway: ServiceProcess, kind: str, seats: int) -> None:
    deadline = time.monotonic() + 60
    while (found := gateway.metric("stream_connections", kind=kind)) != seats and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == seats, f"{kind}: {found:g} seats"


def read_all(client: socket.socket) -> None:
    while client.recv(65_536):
        pass


async def test_events_that_nobody_reads_lose_their_seat_and_the_others_nothing(
    kafka_broker: Broker, issuer: Issuer, topic: str, tmp_path: Path, gateways: list[ServiceProcess]
):
    gateways.append(start_gateway(tmp_path, kafka_broker, issuer, topic, heartbeat_seconds=2, queue_messages=50))
    host, port = gateways[0].url.removeprefix("http://").split(":")
    reads = await StreamClient(gateways[0].url, issuer.token()).start()
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect((host, int(port)))
        lines = ["GET /v1/stream HTTP/1.1", "Host: gateway", f"Authorization: Bearer {issuer.token()}", "", ""]
        stuck.sendall("\r\n".join(lines).encode())
        assert stuck.recv(4096).startswith(b"HTTP/1.1 200")
        await write(kafka_broker, topic, range(1000), size=10_000, pause=0.01, every=25)
        await reads.until(1000)
        await asyncio.to_thread(wait_for_seats, gateways[0], "events", 0)
        assert gateways[0].metric("stream_closed_total", code="1011") >= 1
        with pytest.raises(ConnectionResetError):
            await asyncio.to_thread(read_all, stuck)
    await reads.stop()
    whole(reads, 1000)


async def test_sigint_while_a_client_hangs_on_ends_in_time(
    kafka_broker: Broker, issuer: Issuer, topic: str, tmp_path: Path, gateways: list[ServiceProcess]
):
    gateways.append(start_gateway(tmp_path, kafka_broker, issuer, topic, stop_seconds=2))
    stuck = stuck_client(gateways[0].url, issuer.token())
    os.kill(gateways[0].process.pid, signal.SIGINT)
    assert await asyncio.to_thread(gateways[0].end) == 0
    # It ended although this client never closed; what it was told is still to be read.
    told = b""
    while part := stuck.recv(65_536):
        told += part
    stuck.close()
    assert b'"closing"' in told
    assert b"the gateway restarts" in told
