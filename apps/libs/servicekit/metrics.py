"""Prometheus metrics of a service, kept in a registry of its own: nothing is shared between applications."""

import time

from fastapi import FastAPI, Request, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.health import CheckReport

# Seconds. From the 5 ms of a health probe to the 10 s a readiness check may take at most.
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The metrics that every service has.

    Attributes:
        registry: holds them; a service registers its own here too.
    """

    def __init__(self, *, service: str, version: str) -> None:
        """Make the registry and its metrics."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Info("service", "The service's name and version.", registry=self.registry).info(
            {"service": service, "version": version}
        )
        self.requests = Counter(
            "http_server_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.duration = Histogram(
            "http_server_request_duration_seconds",
            "Seconds from the request's head to the last byte of its answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "http_server_requests_in_progress", "Requests being answered now.", registry=self.registry
        )
        self.dependency_ready = Gauge(
            "dependency_ready", "1 when the dependency's last check passed.", ("dependency",), registry=self.registry
        )

    def record_check(self, report: CheckReport) -> None:
        """Keep the outcome of a readiness check."""
        self.dependency_ready.labels(report.name).set(1 if report.ok else 0)


class MetricsMiddleware:
    """Counts and times requests by route template, so that no caller can grow the number of series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Wrap an application."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.in_progress.track_inprogress():
            try:
                await self._app(scope, receive, note_status)
            finally:
                method = scope["method"] if scope["method"] in METHODS else "other"
                route = getattr(scope.get("route"), "path", "unmatched")
                self._metrics.requests.labels(method, route, str(status)).inc()
                self._metrics.duration.labels(method, route).observe(time.perf_counter() - started)


def setup_metrics(app: FastAPI, metrics: Metrics) -> None:
    """Measure every request of an application, and serve ``/metrics``."""
    app.add_middleware(MetricsMiddleware, metrics=metrics)

    @app.get(
        "/metrics",
        tags=["health"],
        summary="Prometheus metrics",
        response_class=Response,
        responses={
            200: {
                # By the caller's Accept header.
                "content": {"text/plain": {}, "application/openmetrics-text": {}},
                "description": "Prometheus or OpenMetrics exposition",
            }
        },
    )
    async def serve_metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), media_type=content_type)
