"""The application: everything a stream-gateway process serves."""

from dataclasses import dataclass

from fastapi import FastAPI
from servicekit.errors import setup_errors
from servicekit.health import Health, setup_health
from servicekit.kafka import kafka_check
from servicekit.metrics import Metrics, setup_metrics
from servicekit.requests import setup_requests
from servicekit.server import setup_drain

from stream_gateway import SERVICE, __version__
from stream_gateway.settings import StreamGatewaySettings


@dataclass(frozen=True)
class Service:
    """An application and the state that its server needs in order to stop it."""

    app: FastAPI
    health: Health


def create_service(settings: StreamGatewaySettings) -> Service:
    """Build the application with its health; opens no connection and starts nothing."""
    app = FastAPI(
        title=SERVICE,
        version=__version__,
        description="Streams market data to WebSocket clients.",
        # The pages load their scripts from another host; the committed openapi.json is the documentation.
        docs_url=None,
        redoc_url=None,
    )
    metrics = Metrics(service=SERVICE, version=__version__)
    health = Health([kafka_check(settings.kafka)], on_report=metrics.record_check)
    setup_errors(app)
    setup_metrics(app, metrics)
    setup_health(app, health, service=SERVICE, version=__version__)
    setup_drain(app, health)
    setup_requests(app)
    return Service(app, health)


def create_app(settings: StreamGatewaySettings) -> FastAPI:
    """The application alone, for tests and for other servers."""
    return create_service(settings).app
