"""What the application of every service is made of, in the one order in which its parts see a request."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from servicekit.bodies import DEFAULT_BYTES, setup_body_cap
from servicekit.errors import setup_errors
from servicekit.health import Health, setup_health
from servicekit.metrics import Metrics, setup_metrics
from servicekit.requests import setup_requests
from servicekit.server import setup_drain


def new_application(
    service: str,
    version: str,
    description: str,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """An application without routes, and without pages of documentation.

    Those pages load their scripts from another host; the committed openapi.json is the documentation.

    Args:
        service: name of the service.
        version: of the service.
        description: one sentence for the OpenAPI document.
        lifespan: what is open and runs for as long as the application is served.
    """
    return FastAPI(
        title=service, version=version, description=description, docs_url=None, redoc_url=None, lifespan=lifespan
    )


def setup_service(app: FastAPI, health: Health, metrics: Metrics, *, most_body_bytes: int = DEFAULT_BYTES) -> None:
    """Give an application of ``new_application`` what every service has; its own routes come before.

    Args:
        app: the application.
        health: behind ``/healthz`` and ``/readyz``; while it stops, connections are asked to close.
        metrics: behind ``/metrics``.
        most_body_bytes: the longest body that is read; a longer one is refused with 413.
    """
    setup_errors(app)
    setup_body_cap(app, most_body_bytes)
    setup_metrics(app, metrics)
    setup_health(app, health, service=app.title, version=app.version)
    setup_drain(app, health)
    setup_requests(app)
