"""W3C trace context: one identifier that follows a price from the first service to the last."""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Self

import structlog

from servicekit import hops

__all__ = ["HEADER", "TraceParent", "current_trace", "hops", "trace_of", "traced"]

HEADER = "traceparent"
"""Name of the HTTP header, and of the record header on Kafka."""

_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True)
class TraceParent:
    """Which trace a piece of work belongs to, and which span asked for it (W3C Trace Context, version 00).

    Attributes:
        trace: 32 hexadecimal digits, not all zero.
        span: 16 hexadecimal digits, not all zero.
        sampled: whether the caller records the trace.
    """

    trace: str
    span: str
    sampled: bool = True

    @classmethod
    def new(cls) -> Self:
        """The beginning of a trace."""
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    @classmethod
    def parse(cls, text: str | bytes | None) -> Self | None:
        """The trace a header names; None where it is absent or has another form, as the specification demands."""
        if text is None:
            return None
        found = _FORM.fullmatch((text.decode(errors="replace") if isinstance(text, bytes) else text).strip())
        if not found or (found[4] and found[0].startswith("00")):
            return None
        return cls(found[1], found[2], bool(int(found[3], 16) & 1))

    def child(self) -> Self:
        """A span of its own in the same trace."""
        return replace(self, span=secrets.token_hex(8))

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-{int(self.sampled):02x}"

    def __bytes__(self) -> bytes:
        return str(self).encode()


_current: ContextVar[TraceParent | None] = ContextVar("traceparent", default=None)


def current_trace() -> TraceParent | None:
    """The trace of the request or record being worked on; None outside of any."""
    return _current.get()


def trace_of(headers: Mapping[str, bytes]) -> TraceParent:
    """The trace of a record; a new one where its writer began none."""
    return TraceParent.parse(headers.get(HEADER)) or TraceParent.new()


@contextmanager
def traced(trace: TraceParent) -> Iterator[TraceParent]:
    """Work on behalf of a trace: calls pass it on, and log lines carry its identifier."""
    token = _current.set(trace)
    try:
        with structlog.contextvars.bound_contextvars(trace_id=trace.trace):
            yield trace
    finally:
        _current.reset(token)
