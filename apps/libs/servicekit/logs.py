"""Structured logs: one JSON object a line on standard output, ours and the libraries' alike."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span
from structlog.types import EventDict, Processor, WrappedLogger

from servicekit.redact import redact

LogLevel = Literal["debug", "info", "warning", "error"]

_LIBRARY_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Structlog processor that masks every secret of an event; the last one before rendering."""
    masked: MutableMapping[str, Any] = redact(event)
    return masked


def name_span(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Structlog processor that says of which trace and span the work is that tells something."""
    span = get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"], event["span_id"] = format_trace_id(span.trace_id), format_span_id(span.span_id)
    return event


def setup_logging(*, service: str, version: str, level: LogLevel, stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's logging to one redacted JSON stream.

    Args:
        service: name put into every line.
        version: version put into every line.
        level: lowest level that is written.
        stream: where lines go; standard output by default, where container runtimes collect them.
    """

    def name_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"service": service, "version": version, **event}

    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        name_span,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_service,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Loggers are module-level: a cached one would keep the settings of an earlier set-up.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _LIBRARY_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    # A line for each call to another service would be most of the log; what fails is told where it is dealt with.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A structured logger; safe to call at import, since it is configured on first use."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
