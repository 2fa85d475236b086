"""Sending spans of a process to a collector. Imported only where there is one: it takes a sixth of a second."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased

from servicekit import tracing
from servicekit.logs import get_logger
from servicekit.telemetry_settings import TelemetrySettings

logger = get_logger(__name__)

FLUSH_SECONDS = 2.0
"""What a stop waits at most for the last spans; what a collector has not taken by then is lost."""


# Of the exporter, and of the queue before it, which is full while nobody takes what is in it.
_LIBRARY_LOGS = (trace_exporter.__name__, "opentelemetry.sdk._shared_internal")


class Told(SpanExporter):
    """Tells once that a collector takes no spans, and once that it takes them again."""

    def __init__(self, exporter: SpanExporter, logs: Sequence[str], endpoint: str) -> None:
        """Send by another exporter; the library says into these logs what it meets, a line or more for each try."""
        self._exporter, self._endpoint, self._failing = exporter, endpoint, False
        for log in logs:
            logging.getLogger(log).addFilter(lambda _record: not self._failing)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; called by one thread of the library's."""
        result = self._exporter.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._failing:
            logger.warning("spans are lost: the collector does not take them", endpoint=self._endpoint)
        elif self._failing and not failed:
            logger.info("the collector takes spans again", endpoint=self._endpoint)
        self._failing = failed
        return result

    def shutdown(self) -> None:
        """End; a try under way is the last."""
        self._exporter.shutdown()


@contextmanager
def telemetry(
    endpoint: str, settings: TelemetrySettings, *, service: str, version: str, flush_seconds: float = FLUSH_SECONDS
) -> Iterator[None]:
    """Send spans of the work inside.

    They wait in a queue of the library's, 2,048 of them, and are sent by a thread of its own: a collector that is away
    or slow costs spans, and never time of a request.

    Args:
        endpoint: where to.
        settings: which of them.
        service: name of the service.
        version: its version.
        flush_seconds: to send the last ones; longer is not waited for whatever the collector does.
    """
    # The name and version of the program are what they are; whatever else is known comes from the environment.
    resource = Resource.create({"service.name": service, "service.version": version})
    # An end of the library's own at the exit of the process would wait as long as it takes.
    provider = TracerProvider(sampler=_sampler(settings), resource=resource, shutdown_on_exit=False)
    told = Told(trace_exporter.OTLPSpanExporter(endpoint=endpoint), _LIBRARY_LOGS, endpoint)
    provider.add_span_processor(BatchSpanProcessor(told))
    before = tracing.use_tracer(provider.get_tracer("servicekit", version))
    logger.info("spans are sent", endpoint=endpoint)
    try:
        yield
    finally:
        tracing.use_tracer(before)
        _end(provider, flush_seconds)


def _end(provider: TracerProvider, seconds: float) -> None:
    ending = threading.Thread(target=provider.shutdown, name="telemetry-end", daemon=True)
    ending.start()
    ending.join(seconds)
    if ending.is_alive():
        logger.warning("the last spans are lost: the collector did not take them in time", seconds=seconds)


def _sampler(settings: TelemetrySettings) -> Sampler:
    roots = {
        "parentbased_always_on": ALWAYS_ON,
        "parentbased_always_off": ALWAYS_OFF,
        "parentbased_traceidratio": TraceIdRatioBased(settings.traces_sampler_arg),
    }
    return ParentBased(roots[settings.traces_sampler])
