"""Runs gateway and peer with a thousand and ten thousand connections and prints what their clients saw."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

from bench.report import line
from tests.support.kafka import Broker, running_kafka
from tests.support.service_process import ServiceProcess
from tests.support.tokens import Issuer

SECONDS = {1_000: 30, 10_000: 60}
"""By number of connections, how many messages are sent, one a second."""

LIMITS = {1_000: 0.1, 10_000: 1.0}
"""By number of connections, what the 99th percentile may be in seconds."""

_BARE_SECONDS = 15
_DESCRIPTORS = 16_384
_TOPIC = "ticks"
_CLIENTS = Path(__file__).with_name("clients.py")
_BARE = Path(__file__).with_name("bare.py")


def main() -> None:
    """Print loss, latency and memory for each number of connections, of the gateway and of the bare server."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(hard, _DESCRIPTORS), max(hard, _DESCRIPTORS)))
    print("server, broker and clients share this machine; clients are bare sockets in a process of their own")
    with tempfile.TemporaryDirectory(prefix="gateway-") as folder, running_kafka(Path(folder, "kafka")) as broker:
        broker.create_topics(_TOPIC)
        issuer = Issuer(Path(folder))
        for count, messages in SECONDS.items():
            bare = _bare(count)
            ours = _gateway(broker, issuer, Path(folder), count, messages)
            _tell(count, messages, ours, bare)


def _tell(count: int, messages: int, ours: dict[str, float], bare: dict[str, float]) -> None:
    name = f"{count} connections"
    line(f"{name}: clients that got every message, in order", ours["whole"], "")
    line(f"{name}: messages lost", count * messages - ours["messages"], "", against="limit", limit=0.5)
    line(f"{name}: connections lost", ours["lost_connections"], "", against="limit", limit=0.5)
    line(
        f"{name}: p99 from before Kafka to the client",
        ours["p99"] * 1e3,
        "ms",
        against="limit",
        limit=LIMITS[count] * 1e3,
    )
    _beside(f"{name}: p50", ours["p50"] * 1e3, "ms", bare["p50"] * 1e3)
    _beside(f"{name}: p99", ours["p99"] * 1e3, "ms", bare["p99"] * 1e3)
    _beside(f"{name}: worst", ours["max"] * 1e3, "ms", bare["max"] * 1e3)
    _beside(f"{name}: memory a connection", ours["memory"], "KiB", bare["memory"])
    _beside(f"{name}: connected and subscribed in", ours["connect"], "s", bare["connect"])
    line(f"{name}: processor time of the gateway a second", ours["processor"] * 1e3, "ms")


def _beside(name: str, value: float, unit: str, peer: float) -> None:
    """Print a figure and its ratio to that of a bare broadcast, which has no Kafka, token or subscription before it."""
    print(f"{name:<58} {value:9.2f} {unit:<4}  {value / peer:5.2f} x bare broadcast ({peer:.2f} {unit})", flush=True)


def _gateway(broker: Broker, issuer: Issuer, folder: Path, count: int, messages: int) -> dict[str, float]:
    settings = {
        "TOPICS": _TOPIC,
        "MAX_CONNECTIONS_PER_PRINCIPAL": "1000000",
        "REQUESTS_PER_SECOND": "100000",
        "REQUESTS_BURST": "1000000",
    }
    environment = issuer.environment("STREAM_GATEWAY_") | broker.environment("STREAM_GATEWAY_")
    environment |= {f"STREAM_GATEWAY_{name}": value for name, value in settings.items()}
    gateway = ServiceProcess("stream_gateway", folder, environment)
    try:
        gateway.wait_until_ready()
        address = gateway.url.removeprefix("http://")
        before = _memory(gateway.process.pid)
        with _clients(address, issuer.token(exp=2**33), count, messages) as clients:
            used = _memory(gateway.process.pid) - before
            processor = _processor(gateway.process.pid)
            _send(broker, messages)
            processor = (_processor(gateway.process.pid) - processor) / messages
            figures: dict[str, float] = json.loads(clients.communicate()[0])
    finally:
        gateway.kill()
    return figures | {"memory": used / count, "processor": processor}


def _send(broker: Broker, messages: int) -> None:
    producer = Producer({"bootstrap.servers": broker.plain, "linger.ms": 0})
    begun = time.monotonic()
    for number in range(messages):
        time.sleep(max(begun + number - time.monotonic(), 0))
        producer.produce(_TOPIC, json.dumps({"at": time.time(), "fill": "x" * 200}).encode(), b"WTI")
        producer.poll(0)
    producer.flush(10)


def _bare(count: int) -> dict[str, float]:
    server = subprocess.Popen(
        [sys.executable, str(_BARE), str(_BARE_SECONDS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin
    assert server.stdout
    try:
        port = server.stdout.readline().strip()
        before = _memory(server.pid)
        with _clients(f"127.0.0.1:{port}", "none", count, _BARE_SECONDS) as clients:
            used = _memory(server.pid) - before
            server.stdin.write("go\n")
            server.stdin.flush()
            figures: dict[str, float] = json.loads(clients.communicate()[0])
    finally:
        server.kill()
        server.wait()
    return figures | {"memory": used / count}


@contextmanager
def _clients(address: str, token: str, count: int, messages: int) -> Iterator[subprocess.Popen[str]]:
    """So many clients, connected and subscribed."""
    command = [sys.executable, str(_CLIENTS), *address.split(":"), token, str(count), str(messages)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"the clients could not connect to {address}")
        yield process
    finally:
        process.kill()
        process.wait()


def _memory(pid: int) -> float:
    """KiB that a process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return float(next(row.split()[1] for row in status.splitlines() if row.startswith("VmRSS")))


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
