"""Windows as records of the topic `price-windows`: JSON as the catalog's entry of the topic describes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson

from stream_analytics.statistics import Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record_of(series: str, window: Window) -> bytes:
    """The record of a window; its key is the series' name."""
    return orjson.dumps(
        {
            "symbol": series,
            "window_kind": window.kind,
            "window_seconds": window.seconds,
            "window_start": _EPOCH + timedelta(microseconds=window.start),
            "window_end": _EPOCH + timedelta(microseconds=window.end),
            "count": window.count,
            "mean": window.mean,
            "std": window.std,
            "p50": window.p50,
            "p95": window.p95,
            "trend": window.trend,
            "quality": window.quality,
            "drift": window.drift,
        },
        option=orjson.OPT_UTC_Z,
    )
