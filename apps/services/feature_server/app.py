"""The application: everything a feature-server process serves."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from featurestore.connection import async_client, redis_check
from servicekit.auth import READERS, Authenticator, RateLimit, RateLimiter, requires
from servicekit.bodies import setup_body_cap
from servicekit.errors import setup_errors
from servicekit.health import Health, setup_health
from servicekit.metrics import Metrics, setup_metrics
from servicekit.requests import setup_requests
from servicekit.server import setup_drain

from feature_server import SERVICE, __version__
from feature_server.routes import features_router
from feature_server.settings import FeatureServerSettings
from feature_server.store import Store, StoreMetrics

BODY_BYTES = 32 * 1024
"""Five hundred symbols of 32 characters have 18 KB."""


@dataclass(frozen=True)
class Service:
    """An application and the state that its server needs in order to stop it."""

    app: FastAPI
    health: Health


def create_service(settings: FeatureServerSettings) -> Service:
    """Build the application with its health; opens no connection before the first request."""
    metrics = Metrics(service=SERVICE, version=__version__)
    connection = async_client(settings.redis)
    store = Store(connection, settings.redis, StoreMetrics(metrics.registry), stale_seconds=settings.stale_seconds)
    health = Health([redis_check(connection, settings.redis)], on_report=metrics.record_check)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # What is there now stays: looking through all of it for garbage would halt every request at once.
        gc.collect()
        gc.freeze()
        yield
        await connection.aclose(close_connection_pool=True)

    app = FastAPI(
        title=SERVICE,
        version=__version__,
        description="The newest features of symbols, from the tenant's own online store.",
        # The pages load their scripts from another host; the committed openapi.json is the documentation.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    limiter = RateLimiter(RateLimit(settings.calls_per_second, settings.calls_burst))
    reader = requires(Authenticator(settings.auth), roles=READERS, limiter=limiter)
    app.include_router(features_router(store, reader))
    setup_errors(app)
    setup_body_cap(app, BODY_BYTES)
    setup_metrics(app, metrics)
    setup_health(app, health, service=SERVICE, version=__version__)
    setup_drain(app, health)
    setup_requests(app)
    return Service(app, health)


def create_app(settings: FeatureServerSettings) -> FastAPI:
    """The application alone, for tests and for other servers."""
    return create_service(settings).app
