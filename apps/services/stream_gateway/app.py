"""The application: everything a stream-gateway process serves."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI
from servicekit.application import new_application, setup_service
from servicekit.background import Background
from servicekit.health import Health
from servicekit.kafka import kafka_check
from servicekit.metrics import Metrics

from stream_gateway import SERVICE, __version__
from stream_gateway.api import setup_api
from stream_gateway.gateway import Gateway
from stream_gateway.metrics import StreamMetrics
from stream_gateway.page import setup_page
from stream_gateway.settings import StreamGatewaySettings
from stream_gateway.sockets import protocol_of

_MOST_BODY_BYTES = 1024
"""No route takes a body."""


@dataclass(frozen=True)
class Service:
    """An application and what its server needs in order to run and stop it."""

    app: FastAPI
    health: Health
    gateway: Gateway
    background: Background

    @property
    def web_sockets(self) -> Callable[..., asyncio.Protocol]:
        """What serves a connection that asks to become a WebSocket."""
        return protocol_of(self.gateway)


def create_service(settings: StreamGatewaySettings) -> Service:
    """Build the application with its health; opens no connection and starts nothing."""
    metrics = Metrics(service=SERVICE, version=__version__)
    gateway = Gateway(settings, StreamMetrics(metrics.registry))
    background = Background(gateway.run)
    app = new_application(
        SERVICE, __version__, "Streams market data and predictions to WebSocket clients.", background.lifespan
    )
    health = Health([kafka_check(settings.kafka), gateway.live.check()], on_report=metrics.record_check)
    setup_page(app)
    setup_api(app, gateway)
    setup_service(app, health, metrics, most_body_bytes=_MOST_BODY_BYTES)
    return Service(app, health, gateway, background)
