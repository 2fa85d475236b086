"""The service as a real process, started and stopped as a container runtime does it."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.kafka import Broker
from tests.support.service_process import ServiceProcess, end_all
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration

Start = Callable[..., ServiceProcess]
TOPIC = "of-the-process-tests"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def start(tmp_path: Path, issuer: Issuer) -> Iterator[Start]:
    started: list[ServiceProcess] = []

    def start(**settings: object) -> ServiceProcess:
        variables = {f"STREAM_GATEWAY_{name}".upper(): str(value) for name, value in settings.items()}
        variables |= issuer.environment("STREAM_GATEWAY_") | {"STREAM_GATEWAY_TOPICS": TOPIC}
        started.append(ServiceProcess("stream_gateway", tmp_path, variables))
        return started[-1]

    yield start
    end_all(started)
    assert list(tmp_path.iterdir()) == [], "the service writes no file: its root file system is read-only"


@pytest.fixture
def kafka() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield server


@pytest.fixture
def ready(start: Start, kafka_broker: Broker) -> Start:
    """Starts a gateway before a real broker, and waits until it is ready."""
    kafka_broker.create_topics(TOPIC)

    def ready(**settings: object) -> ServiceProcess:
        gateway = start(kafka_bootstrap_servers=kafka_broker.plain, **settings)
        deadline = time.monotonic() + 20
        while httpx.get(f"{gateway.url}/readyz").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        return gateway

    return ready


@pytest.fixture
def slow_kafka() -> Iterator[socket.socket]:
    """A server whose queue is full: the system drops what comes next, and a client waits."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server


def address(server: socket.socket) -> str:
    return f"127.0.0.1:{server.getsockname()[1]}"


def test_it_serves_health_readiness_and_metrics(ready: Start):
    gateway = ready()
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200
    assert httpx.get(f"{gateway.url}/readyz").json()["status"] == "ready"
    metrics = httpx.get(f"{gateway.url}/metrics").text
    assert 'http_server_requests_total{method="GET",route="/healthz",status="200"} 1.0' in metrics
    assert "process_resident_memory_bytes" in metrics


def test_with_a_dead_kafka_it_runs_alive_and_not_ready_with_the_reason(start: Start, kafka: socket.socket):
    dead = address(kafka)
    kafka.close()
    gateway = start(kafka_bootstrap_servers=dead, drain_seconds=0)
    answer = httpx.get(f"{gateway.url}/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"][0]["reason"] == f"{dead}: connection refused"
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200
    httpx.get(f"{gateway.url}/readyz")
    gateway.terminate()
    assert gateway.end() == 0
    warnings = [line for line in gateway.log if line.get("dependency") == "kafka"]
    assert [line["event"] for line in warnings] == ["dependency is not ready"], (
        "a state is logged when it changes, not at every probe"
    )
    assert [line for line in gateway.log if line["event"] == "request"] == []


def test_with_a_slow_kafka_readiness_answers_within_its_time_out(start: Start, slow_kafka: socket.socket):
    gateway = start(kafka_bootstrap_servers=address(slow_kafka), kafka_check_timeout_seconds=0.5)
    started = time.monotonic()
    answer = httpx.get(f"{gateway.url}/readyz", timeout=10)
    assert 0.4 < time.monotonic() - started < 2
    assert answer.status_code == 503
    assert answer.json()["checks"][0]["reason"] == f"no answer within 0.5 s from {address(slow_kafka)}"


def test_with_a_slow_kafka_liveness_is_not_slowed(start: Start, slow_kafka: socket.socket):
    gateway = start(kafka_bootstrap_servers=address(slow_kafka), kafka_check_timeout_seconds=5)
    waiting = [socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2]))) for _ in range(20)]
    for one in waiting:
        one.sendall(b"GET /readyz HTTP/1.1\r\nHost: gateway\r\n\r\n")
    started = time.monotonic()
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200
    assert time.monotonic() - started < 2
    for one in waiting:
        one.close()


async def test_a_stop_under_load_loses_no_request(ready: Start):
    gateway = ready(drain_seconds=1.5, stop_seconds=5)
    out_of_rotation = asyncio.Event()
    answered: list[int] = []
    lost: list[Exception] = []

    async def load(client: httpx.AsyncClient) -> None:
        while not out_of_rotation.is_set():
            try:
                answered.append((await client.get("/healthz")).status_code)
            except httpx.HTTPError as error:
                lost.append(error)

    async def balance(client: httpx.AsyncClient) -> None:
        """Take the process out of rotation as a load balancer does: after a failed probe, and a little late."""
        status = 200
        while status == 200:
            await asyncio.sleep(0.1)
            status = (await client.get("/readyz")).status_code
        await asyncio.sleep(0.5)
        out_of_rotation.set()

    async with httpx.AsyncClient(base_url=gateway.url, timeout=10) as client:
        tasks = [asyncio.create_task(load(client)) for _ in range(8)] + [asyncio.create_task(balance(client))]
        await asyncio.sleep(0.5)
        before = len(answered)
        gateway.terminate()
        await asyncio.wait_for(asyncio.gather(*tasks), timeout=20)
    assert gateway.end() == 0
    assert lost == []
    assert set(answered) == {200}
    assert before > 0
    assert len(answered) > before, "the load went on after the stop was asked for"


async def test_a_request_in_flight_is_answered_after_the_drain(start: Start, slow_kafka: socket.socket):
    gateway = start(
        kafka_bootstrap_servers=address(slow_kafka), kafka_check_timeout_seconds=2, drain_seconds=0, stop_seconds=10
    )
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
        in_flight = asyncio.create_task(client.get("/readyz"))
        await asyncio.sleep(0.5)
        gateway.terminate()
        await asyncio.sleep(0.5)
        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz")
        answer = await in_flight
    assert answer.json()["checks"][0]["reason"].startswith("no answer within 2 s")
    assert gateway.end() == 0


def test_a_request_that_outlasts_the_stop_does_not_hold_it_up(start: Start, slow_kafka: socket.socket):
    gateway = start(
        kafka_bootstrap_servers=address(slow_kafka), kafka_check_timeout_seconds=10, drain_seconds=0, stop_seconds=1
    )
    host, port = gateway.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET /readyz HTTP/1.1\r\nHost: gateway\r\n\r\n")
        time.sleep(0.3)
        started = time.monotonic()
        gateway.terminate()
        assert gateway.end() == 0
        assert time.monotonic() - started < 5


def test_while_draining_it_is_alive_and_not_ready(ready: Start):
    gateway = ready(drain_seconds=2)
    gateway.terminate()
    deadline = time.monotonic() + 1.5
    while (answer := httpx.get(f"{gateway.url}/readyz")).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (answer.status_code, answer.json()["status"]) == (503, "stopping")
    time.sleep(0.7)
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200


def test_a_second_signal_ends_the_drain_at_once(start: Start, kafka: socket.socket):
    gateway = start(kafka_bootstrap_servers=address(kafka), drain_seconds=20, stop_seconds=5)
    started = time.monotonic()
    gateway.terminate()
    time.sleep(0.3)
    gateway.terminate()
    assert gateway.end() == 0
    assert time.monotonic() - started < 5


def test_a_stop_is_logged_with_its_signal(start: Start, kafka: socket.socket):
    gateway = start(kafka_bootstrap_servers=address(kafka), drain_seconds=0)
    gateway.process.send_signal(signal.SIGINT)
    assert gateway.end() == 0
    assert [line["signal"] for line in gateway.log if line["event"] == "stopping"] == ["SIGINT"]
    assert {line["service"] for line in gateway.log} == {"stream-gateway"}


def test_wrong_settings_end_with_2_and_no_traceback(tmp_path: Path):
    ended = subprocess.run(
        [sys.executable, "-m", "stream_gateway"],
        cwd=tmp_path,
        env={"STREAM_GATEWAY_LISTEN_PRT": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert "did you mean STREAM_GATEWAY_LISTEN_PORT?" in ended.stderr
    assert "Traceback" not in ended.stderr
