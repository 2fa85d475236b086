"""A server before moto's that refuses chosen calls with AWS's own error codes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

EC2_VERSION = "2016-11-15"
UNPASSED = ("content-length", "connection", "transfer-encoding", "date", "server")


@dataclass
class RefusingAws:
    """What is asked, and what is refused.

    Attributes:
        url: where it listens.
        upstream: host and port of moto's server.
        refuse: told a call (such as `GetCallerIdentity`, or `HEAD /bucket`), it returns an error code, or None.
        seen: the calls that came, in order.
    """

    url: str
    upstream: str
    refuse: Callable[[str], str | None] = lambda _: None
    seen: list[str] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    state: RefusingAws


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        state = self.server.state
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = self._call(body)
        state.seen.append(call)
        code = state.refuse(call)
        if code is not None:
            self._answer(403, *self._error(code, body))
            return
        connection = HTTPConnection(state.upstream, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content, headers = answer.read(), dict(answer.getheaders())
        connection.close()
        self._answer(answer.status, content, headers)

    def _call(self, body: bytes) -> str:
        if target := self.headers.get("X-Amz-Target"):
            return str(target).rpartition(".")[2]
        if body.startswith(b"Action="):
            return parse_qs(body.decode())["Action"][0]
        return f"{self.command} {self.path}"

    def _error(self, code: str, body: bytes) -> tuple[bytes, dict[str, str]]:
        if self.headers.get("X-Amz-Target") or self.path.startswith("/clusters"):
            return json.dumps({"__type": code, "message": "no"}).encode(), {"x-amzn-errortype": code}
        error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        if EC2_VERSION.encode() in body:
            error = f"<Response><Errors>{error}</Errors></Response>"
        elif body.startswith(b"Action="):
            error = f"<ErrorResponse>{error}</ErrorResponse>"
        return error.encode(), {"Content-Type": "text/xml"}

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            if key.lower() not in UNPASSED:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 the server's own names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def refusing_aws(upstream: str) -> Iterator[RefusingAws]:
    """Serve until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.state = RefusingAws(f"http://127.0.0.1:{server.server_port}", urlsplit(upstream).netloc)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
