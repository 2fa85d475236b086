"""The spans that code under test makes, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id
from servicekit import tracing


class Spans:
    """Those that have ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = provider.get_tracer("tests")

    @property
    def ended(self) -> tuple[ReadableSpan, ...]:
        """In the order in which they ended."""
        return self._exporter.get_finished_spans()

    @property
    def only(self) -> ReadableSpan:
        """The one that there is."""
        [found] = self.ended
        return found

    def named(self, name: str) -> ReadableSpan:
        """The one of a name."""
        [found] = [each for each in self.ended if each.name == name]
        return found


def header_of(span: ReadableSpan) -> str:
    """The `traceparent` that names a span."""
    context = span.get_span_context()
    assert context is not None
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-{context.trace_flags:02x}"


@contextmanager
def recorded_spans() -> Iterator[Spans]:
    """Record what is made inside."""
    spans = Spans()
    before = tracing.use_tracer(spans.tracer)
    try:
        yield spans
    finally:
        tracing.use_tracer(before)
