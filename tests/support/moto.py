"""A real moto server on a free loopback port, and a proxy before it that spoils answers on demand."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

ACCOUNT = "210987654321"
"""The account that the test servers say they are."""

Spoil = Literal["500", "429", "hang-up", "silence", "500-before"]
"""What a client sees; all but the last happen after moto has done what it was asked."""


def free_port() -> int:
    """Ask the system for a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def moto_server(account: str = ACCOUNT) -> Iterator[str]:
    """Run moto's server and yield its address."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={**environment, "MOTO_ACCOUNT_ID": account},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"moto ended with status {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("moto did not start within 60 seconds")


@dataclass
class Proxy:
    """A proxy that passes requests on and spoils the answers that `rule` names.

    Attributes:
        url: where it listens.
        rule: told the operation (such as `CreateKey`, or `PUT /bucket`), it says how to spoil the answer, or None.
        seen: the operations that reached it, in order.
    """

    url: str
    rule: Callable[[str], Spoil | None] = lambda _: None
    seen: list[str] = field(default_factory=list)

    def spoil(self, operation: str, how: Spoil, times: int = 1) -> None:
        """Spoil the next answers to one operation."""
        left = [times]

        def rule(name: str) -> Spoil | None:
            if name.startswith(operation) and left[0] > 0:
                left[0] -= 1
                return how
            return None

        self.rule = rule

    def count(self, operation: str) -> int:
        """Return how often an operation was asked for."""
        return sum(name.startswith(operation) for name in self.seen)


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """Run a proxy before a server."""
    target = urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = _operation(self.command, self.path, self.headers.get("X-Amz-Target", ""), body)
            state.seen.append(operation)
            spoil = state.rule(operation)
            if spoil == "500-before":
                self._answer(500, b"")
                return
            upstream_connection = HTTPConnection(target, timeout=30)
            upstream_connection.request(self.command, self.path, body, dict(self.headers))
            answer = upstream_connection.getresponse()
            content = answer.read()
            upstream_connection.close()
            if spoil in ("500", "429"):
                self._answer(int(spoil), b"")
            elif spoil == "hang-up":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            elif spoil == "silence":
                time.sleep(5)
                self.close_connection = True
            else:
                self._answer(answer.status, content, dict(answer.getheaders()))

        def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for key, value in (headers or {}).items():
                if key.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 the server's own names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _operation(method: str, path: str, target: str, body: bytes) -> str:
    if target:
        return target.rpartition(".")[2]
    if body.startswith(b"Action="):
        return body.split(b"&")[0].removeprefix(b"Action=").decode()
    return f"{method} {path}"
