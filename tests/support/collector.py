"""An OTLP receiver: takes spans by HTTP as a collector does, and decodes them by the standard's own messages."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class ReceivedSpan:
    """A span as the wire had it; identifiers in hexadecimal digits."""

    name: str
    trace: str
    span: str
    parent: str
    kind: int
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]
    links: tuple[tuple[str, str], ...]


class Collector:
    """What came, in the order in which it came.

    Attributes:
        spans: every one.
        paths: of the requests.
    """

    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []
        self.paths: list[str] = []
        self.url = ""

    def take(self, path: str, body: bytes) -> None:
        """One request of an exporter."""
        self.paths.append(path)
        message = ExportTraceServiceRequest.FromString(body)
        for source in message.resource_spans:
            resource = _values(source.resource.attributes)
            for scope in source.scope_spans:
                self.spans += [_span(each, resource) for each in scope.spans]

    def wait_for(self, wanted: Callable[[ReceivedSpan], bool], count: int = 1, seconds: float = 30.0) -> Any:
        """The spans that are wanted, once there are so many; the single one where one is."""
        deadline = time.monotonic() + seconds
        while len(found := [each for each in self.spans if wanted(each)]) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(found) >= count, [(each.name, each.trace, each.resource) for each in self.spans]
        return found[0] if count == 1 else found

    def environment(self) -> dict[str, str]:
        """What a process is told of it; spans are sent ten times a second."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}


@contextmanager
def running_collector() -> Iterator[Collector]:
    """One on a loopback port, in a thread of its own."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join(10)


@contextmanager
def silent_listener() -> Iterator[str]:
    """The address of one that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _span(each: Any, resource: dict[str, Any]) -> ReceivedSpan:
    return ReceivedSpan(
        name=each.name,
        trace=each.trace_id.hex(),
        span=each.span_id.hex(),
        parent=each.parent_span_id.hex(),
        kind=each.kind,
        failed=each.status.code == each.status.STATUS_CODE_ERROR,
        attributes=_values(each.attributes),
        resource=resource,
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in each.links),
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
