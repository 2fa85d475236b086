"""The application: everything a feature-server process serves."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from featurestore.connection import async_client, redis_check
from servicekit.application import new_application, setup_service
from servicekit.auth import READERS, Authenticator, RateLimit, RateLimiter, requires
from servicekit.health import Health
from servicekit.metrics import Metrics

from feature_server import SERVICE, __version__
from feature_server.routes import features_router
from feature_server.settings import FeatureServerSettings
from feature_server.store import Store, StoreMetrics

BODY_BYTES = 32 * 1024
"""Above the longest request that is in order, which a test makes."""


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

    app = new_application(
        SERVICE, __version__, "The newest features of symbols, from the tenant's own online store.", lifespan
    )
    limiter = RateLimiter(RateLimit(settings.calls_per_second, settings.calls_burst))
    reader = requires(Authenticator(settings.auth), roles=READERS, limiter=limiter)
    app.include_router(features_router(store, reader))
    setup_service(app, health, metrics, most_body_bytes=BODY_BYTES)
    return Service(app, health)
