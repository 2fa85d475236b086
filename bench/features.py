"""feature-server on a real Redis: latency at a steady rate and of batches, with Feast's own server in the same run."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from featurestore import VIEW
from featurestore.rows import Row, encode, key_of
from pricemodel.features import STORED_NAMES

from bench.report import line
from sandbox.control_plane.ports import free_port
from sandbox.deathsignal import die_with_parent
from sandbox.tools.cache import cache_root, exclusive
from tests.support.redis import PASSWORD, RedisServer, running_redis
from tests.support.tokens import Issuer

RATE, SECONDS, SYMBOLS, BATCH = 500, 10, 200, 100
ONE_LIMIT_MS, BATCH_LIMIT_MS = 10.0, 20.0
"""The bars of feature-server: 95th percentile of one symbol at 500 requests a second, and of a batch of 100."""

_LOCK = Path(__file__).parent / "feast" / "requirements.lock"
_CONNECTIONS = 32


def main() -> None:
    """Print latencies of both servers."""
    with tempfile.TemporaryDirectory() as name, running_redis(Path(name) / "redis") as redis:
        folder = Path(name)
        _fill(redis)
        issuer = Issuer(folder)
        symbols = [symbol for symbol, _ in _rows()]
        with _ours(folder, redis, issuer) as server:
            token = issuer.token("service")
            ones = [_request("GET", f"/v1/features/{symbol}", token=token) for symbol in symbols]
            many = _request("POST", "/v1/features", {"symbols": symbols[:BATCH]}, token)
            _measure("feature-server", server, ones, many, bars=True)
        try:
            python = _feast()
        except (OSError, subprocess.SubprocessError) as error:
            print(f"  Feast's server could not be installed, so it is not beside ours: {error}")
            return
        with _theirs(python, folder, redis) as server:
            ones = [_feast_request([symbol]) for symbol in symbols]
            try:
                _measure("Feast's server", server, ones, _feast_request(symbols[:BATCH]))
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                print(f"  Feast's server closed its connections at {RATE} requests a second: {error}")
    print("  one process each, on the same Redis, features of equal number; ours checks a token and Feast's does not")


@dataclass(frozen=True)
class Server:
    """A server that is measured: one process."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """CPU time that it and its children have taken."""
        total = 0.0
        for task in (self.pid, *_children(self.pid)):
            fields = Path(f"/proc/{task}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return total


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _measure(name: str, server: Server, ones: list[bytes], many: bytes, *, bars: bool = False) -> None:
    begun = time.process_time()
    steady, late, batches, cpu = asyncio.run(_load(server, ones, many))
    client = (time.process_time() - begun) / len(steady)
    against = "bar" if bars else ""
    for share in (50, 95, 99):
        limit = ONE_LIMIT_MS if bars and share == 95 else None
        what = f"{name}, one symbol at {RATE}/s: p{share}"
        line(what, _percentile(steady, share), "ms", against=against, limit=limit)
    line(f"{name}, one symbol: CPU time", cpu * 1000, "ms")
    line("  of these, the client itself was late by: p95", _percentile(late, 95), "ms")
    line("  the client's own CPU time, warm-up and batches included", client * 1000, "ms")
    limit = BATCH_LIMIT_MS if bars else None
    line(f"{name}, {BATCH} symbols: p95", _percentile(batches, 95), "ms", against=against, limit=limit)


async def _load(server: Server, ones: list[bytes], many: bytes) -> tuple[list[float], list[float], list[float], float]:
    """Seconds of single requests at the rate, then of batches one after the other; CPU seconds of a single one.

    The second are those by which the client itself began its single requests late.
    """
    host, port = server.url.removeprefix("http://").split(":")
    connections: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        connections.put_nowait(Connection(*await asyncio.open_connection(host, int(port))))
    await _steadily(connections, ones, RATE // 5)
    before = server.cpu_seconds()
    timed = await _steadily(connections, ones, RATE * SECONDS)
    steady, late = [seconds for seconds, _ in timed], [seconds for _, seconds in timed]
    cpu = (server.cpu_seconds() - before) / len(steady)
    connection = await connections.get()
    batches = []
    for _ in range(200):
        begun = time.perf_counter()
        await connection.ask(many)
        batches.append(time.perf_counter() - begun)
    return steady, late, batches, cpu


@dataclass
class Connection:
    """One kept-alive connection; a client this plain leaves the machine to the server that is measured."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> None:
        """Send a request and read its answer to the end; anything but 200 ends the benchmark."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        status, _, headers = head.partition(b"\r\n")
        length = next(part for part in headers.lower().split(b"\r\n") if part.startswith(b"content-length:"))
        body = await self.reader.readexactly(int(length.partition(b":")[2]))
        if b" 200 " not in status:
            raise SystemExit(f"{status.decode()}: {body.decode()[:500]}")


async def _steadily(connections: asyncio.Queue[Connection], ones: list[bytes], count: int) -> list[tuple[float, float]]:
    """Seconds of each request, counted from when it was due: what waits behind a slow one counts as slow.

    Beside them those by which this client woke up late, which are in them and are not the server's.
    """
    # Not at once: to make the tasks takes the client a moment, in which the first ones would already be late.
    begun = time.perf_counter() + 0.5

    async def due(number: int) -> tuple[float, float]:
        at = begun + number / RATE
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        late = time.perf_counter() - at
        connection = await connections.get()
        await connection.ask(ones[number % len(ones)])
        connections.put_nowait(connection)
        return time.perf_counter() - at, late

    return list(await asyncio.gather(*(due(number) for number in range(count))))


def _request(method: str, path: str, body: object = None, token: str = "") -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: bench", "content-type: application/json"]
    lines += [f"content-length: {len(content)}"] + ([f"authorization: Bearer {token}"] if token else [])
    return "\r\n".join([*lines, "", ""]).encode() + content


def _percentile(seconds: list[float], share: int) -> float:
    return sorted(seconds)[min(len(seconds) - 1, len(seconds) * share // 100)] * 1000


def _rows() -> Iterator[tuple[str, dict[str, float]]]:
    for number in range(SYMBOLS):
        yield f"S{number}", {name: number + place / 7 for place, name in enumerate(STORED_NAMES)}


def _fill(redis: RedisServer) -> None:
    now = datetime.now(UTC)
    with redis.client() as client:
        for symbol, values in _rows():
            client.set(key_of("platform", VIEW, symbol), encode(Row(values, now.date(), now)))


def _feast_request(symbols: list[str]) -> bytes:
    names = [f"commodity_prices:{name}" for name in STORED_NAMES]
    return _request("POST", "/get-online-features", {"features": names, "entities": {"symbol": symbols}})


@contextmanager
def _ours(folder: Path, redis: RedisServer, issuer: Issuer) -> Iterator[Server]:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "FEATURE_SERVER_LISTEN_HOST": "127.0.0.1",
        "FEATURE_SERVER_LISTEN_PORT": str(port),
        "FEATURE_SERVER_LOG_LEVEL": "warning",
        "FEATURE_SERVER_REDIS_TIMEOUT_SECONDS": "5",
        **redis.environment("FEATURE_SERVER_"),
        **issuer.environment("FEATURE_SERVER_"),
    }
    with _running([sys.executable, "-m", "feature_server"], folder, environment, port, "/readyz") as server:
        yield server


@contextmanager
def _theirs(python: Path, folder: Path, redis: RedisServer) -> Iterator[Server]:
    repository = folder / "feast"
    repository.mkdir()
    online = {"type": "redis", "connection_string": f"127.0.0.1:{redis.port},password={PASSWORD}"}
    settings = {
        "project": "bench",
        "provider": "local",
        "registry": "registry.db",
        "online_store": online,
        "offline_store": {"type": "file"},
        "entity_key_serialization_version": 3,
    }
    # JSON is YAML.
    (repository / "feature_store.yaml").write_text(json.dumps(settings))
    (repository / "rows.json").write_text(json.dumps([{"symbol": symbol, **values} for symbol, values in _rows()]))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "FEAST_USAGE": "False"}
    program = Path(__file__).parent / "feast" / "repository.py"
    subprocess.run([str(python), str(program)], cwd=repository, env=environment, check=True, capture_output=True)
    port = free_port()
    command = [str(python.parent / "feast"), "serve", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    with _running([*command, "--workers", "1"], repository, environment, port, "/health") as server:
        yield server


@contextmanager
def _running(command: list[str], folder: Path, environment: dict[str, str], port: int, ready: str) -> Iterator[Server]:
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - it takes no lock
        )
    try:
        deadline = time.monotonic() + 120
        while not _answers(f"{url}{ready}"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} does not answer: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _feast() -> Path:
    """Python of an environment with Feast, made on first use from the lock (half a gigabyte).

    Raises:
        OSError, SubprocessError: it could not be made.
    """
    target: Path = cache_root() / "bench" / f"feast-{hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    ready = target / ".ready"
    with exclusive(target, _progress, what="feast"):
        if not ready.exists():
            _progress("installing Feast from bench/feast/requirements.lock (about a minute)")
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(target)], check=True)
            pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--require-hashes", "-r", str(_LOCK)], check=True)
            ready.touch()
    return target / "bin" / "python"


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
