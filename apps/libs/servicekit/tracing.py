"""Traces: W3C context in HTTP and record headers, by OpenTelemetry's propagator, and the span being worked on."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, Setter
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util._decorator import _agnosticcontextmanager
from opentelemetry.util.types import AttributeValue
from starlette.datastructures import Headers

HEADER = "traceparent"
"""Name of the HTTP header, and of the record header on Kafka."""

STATE_HEADER = "tracestate"
"""What systems on the way add for themselves; passed on as it comes."""

ERROR_TYPE = "error.type"

_PROPAGATOR = TraceContextTextMapPropagator()
_OUTSIDE = Context()
_USUAL_LENGTH = 55
"""Characters of a `traceparent` of version 00."""


class _OfRequests(Getter[Headers]):
    def get(self, carrier: Headers, key: str) -> list[str] | None:
        return carrier.getlist(key) or None

    def keys(self, carrier: Headers) -> list[str]:
        return carrier.keys()


class _OfRecords(Getter[Mapping[str, bytes]], Setter[dict[str, bytes]]):
    def get(self, carrier: Mapping[str, bytes], key: str) -> list[str] | None:
        value = carrier.get(key)
        # Every byte is some character of Latin-1: what is no trace is refused by the propagator, not here.
        return None if value is None else [value.decode("latin-1")]

    def keys(self, carrier: Mapping[str, bytes]) -> list[str]:
        return list(carrier)

    def set(self, carrier: dict[str, bytes], key: str, value: str) -> None:
        carrier[key] = value.encode()


_of_requests, _of_records = _OfRequests(), _OfRecords()


class Unrecorded(Tracer):
    """The tracer of a process that sends no spans.

    The caller's trace goes on unchanged: a span of our own in between would be missing wherever the trace is looked
    at. Where there is none, one begins, so that log lines belong together; it is marked as not sampled.
    """

    def start_span(self, name: str, context: Context | None = None, *_: Any, **__: Any) -> Span:
        """The caller's span, or one that nobody records."""
        del name
        parent = get_current_span(context).get_span_context()
        if not parent.is_valid:
            parent = SpanContext(secrets.randbits(128) or 1, secrets.randbits(64) or 1, is_remote=False)
        return NonRecordingSpan(parent)

    @_agnosticcontextmanager
    def start_as_current_span(self, name: str, context: Context | None = None, *_: Any, **__: Any) -> Iterator[Span]:
        """The same, as the one being worked on."""
        with use_span(self.start_span(name, context)) as started:
            yield started


_tracer: Tracer = Unrecorded()


def use_tracer(tracer: Tracer) -> Tracer:
    """Make spans by another tracer from now on; returns the one before.

    One a process, as OpenTelemetry has one of its own; that one, once set, cannot be set back.
    """
    global _tracer
    before, _tracer = _tracer, tracer
    return before


def recording() -> bool:
    """Whether this process sends spans."""
    return not isinstance(_tracer, Unrecorded)


@contextmanager
def span(
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, AttributeValue],
    *,
    parent: SpanContext | None = None,
) -> Iterator[Span]:
    """Work as a span: calls and records pass its trace on, and log lines carry its identifiers.

    An exception makes it an error of the exception's type; its text may hold data and is left to the logs.

    Args:
        name: of few different ones, as the semantic conventions have it.
        kind: which side of what it is.
        attributes: by the names of the semantic conventions.
        parent: who asked for the work; the span being worked on by default, and nobody where it is not valid.
    """
    context = None if parent is None else around(parent)
    made = _tracer.start_span(name, context, kind=kind, attributes=attributes)
    with use_span(made, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield made
        except Exception as error:
            fail(made, type(error).__qualname__)
            raise


def fail(failed: Span, kind: str) -> None:
    """Mark a span as an error of a kind: an exception's type, or an HTTP status."""
    if failed.is_recording():
        failed.set_attribute(ERROR_TYPE, kind)
        failed.set_status(Status(StatusCode.ERROR))


def around(parent: SpanContext) -> Context:
    """The context in which a span is the one being worked on."""
    return set_span_in_context(NonRecordingSpan(parent), _OUTSIDE) if parent.is_valid else _OUTSIDE


def current() -> SpanContext:
    """The span of the request or record being worked on; not valid outside of any."""
    return get_current_span().get_span_context()


def of_request(headers: Headers) -> SpanContext:
    """Who asked, by the headers of an HTTP request; not valid where they say nothing, or in another form."""
    return get_current_span(_PROPAGATOR.extract(headers, _OUTSIDE, _of_requests)).get_span_context()


def of_record(headers: Mapping[str, bytes]) -> SpanContext:
    """What made a record, by its headers; not valid where they say nothing, or in another form."""
    header = headers.get(HEADER)
    if header is None:
        return INVALID_SPAN_CONTEXT
    if len(header) == _USUAL_LENGTH and STATE_HEADER not in headers:
        return _usual(header)
    return _extracted(headers)


def request_headers() -> dict[str, str]:
    """The headers by which a request tells who asks: the span being worked on. None outside of any."""
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers)
    return headers


def record_headers() -> dict[str, bytes]:
    """The headers by which a record tells what made it: the span being worked on. None outside of any."""
    return _headers_of(None)


def passed_on(headers: Mapping[str, bytes]) -> dict[str, bytes]:
    """The trace headers of what is made from one record: they keep its trace, whichever that of the work is.

    The work is named where it belongs to that trace, and where the record has none that is sound.
    """
    came = of_record(headers)
    if not came.is_valid or came.trace_id == current().trace_id:
        return record_headers()
    if len(headers[HEADER]) != _USUAL_LENGTH or STATE_HEADER in headers:
        return _headers_of(around(came))
    return {HEADER: headers[HEADER]}


@lru_cache(maxsize=512)
def _usual(header: bytes) -> SpanContext:
    """Kept: records that were written at once have one maker, and each is asked for more than once."""
    return _extracted({HEADER: header})


def _extracted(headers: Mapping[str, bytes]) -> SpanContext:
    return get_current_span(_PROPAGATOR.extract(headers, _OUTSIDE, _of_records)).get_span_context()


def _headers_of(context: Context | None) -> dict[str, bytes]:
    headers: dict[str, bytes] = {}
    _PROPAGATOR.inject(headers, context, _of_records)
    return headers
