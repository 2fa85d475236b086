"""What ties the log lines of one request together: its id and trace, and one line that says how it ended."""

import re
import time
from contextlib import AbstractContextManager
from uuid import uuid4

import structlog
from fastapi import FastAPI
from opentelemetry.trace import Span, SpanKind, use_span
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.logs import get_logger
from servicekit.metrics import METHODS
from servicekit.tracing import Unrecorded, around, fail, of_request, span

HEADER = "x-request-id"

# An id from outside goes into logs and headers: only what can do no harm there is taken over.
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Asked for every few seconds by machines: not worth a line each at the usual level. A dependency that fails, and an
# exception, have log lines of their own.
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})

logger = get_logger(__name__)


class RequestMiddleware:
    """Gives every request an id and a trace (the caller's, if sound ones came), logs its end, and returns the id."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(HEADER, "")
        request_id = given if _ACCEPTED.fullmatch(given) else uuid4().hex
        started = time.perf_counter()
        status = 500

        async def add_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with _work(scope, headers) as serving, structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, add_id)
            finally:
                _end(serving, scope, status)
                log = logger.debug if scope["path"] in _QUIET else logger.info
                # The query is left out: it is where callers put tokens.
                log(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    seconds=round(time.perf_counter() - started, 4),
                )


def _work(scope: Scope, headers: Headers) -> AbstractContextManager[Span]:
    """The request as a span. It is named once the route is known; the path may hold what nobody else should see."""
    caller = of_request(headers)
    if scope["path"] in _QUIET:
        return use_span(Unrecorded().start_span("", around(caller)))
    method = _method(scope)
    attributes = {"http.request.method": method, "url.scheme": scope["scheme"]}
    return span(_name(method), SpanKind.SERVER, attributes, parent=caller)


def _end(serving: Span, scope: Scope, status: int) -> None:
    if not serving.is_recording():
        return
    route = getattr(scope.get("route"), "path", None)
    if route is not None:
        serving.set_attribute("http.route", route)
        serving.update_name(f"{_name(_method(scope))} {route}")
    serving.set_attribute("http.response.status_code", status)
    if status >= 500:
        fail(serving, str(status))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "_OTHER"


def _name(method: str) -> str:
    return "HTTP" if method == "_OTHER" else method


def setup_requests(app: FastAPI) -> None:
    """Give every request an id and one log line; call it last, so that it wraps what else was set up."""
    app.add_middleware(RequestMiddleware)
