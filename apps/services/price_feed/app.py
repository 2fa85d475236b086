"""The application: everything a price-feed process serves and writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI
from servicekit.application import new_application, setup_service
from servicekit.auth import WRITERS, Authenticator, RateLimit, RateLimiter, requires
from servicekit.background import Background
from servicekit.health import Check, Health
from servicekit.kafka import kafka_check
from servicekit.metrics import Metrics

from price_feed import SERVICE, __version__
from price_feed.measures import Measures
from price_feed.prices import prices_router
from price_feed.runner import Runner
from price_feed.settings import PriceFeedSettings

BODY_BYTES = 4096
"""Above the longest price that is in order, which a test makes."""


@dataclass(frozen=True)
class Service:
    """An application and the state that its server needs in order to stop it."""

    app: FastAPI
    health: Health
    background: Background


def create_service(settings: PriceFeedSettings) -> Service:
    """Build the application with its health; opens no connection and starts nothing before the server does."""
    metrics = Metrics(service=SERVICE, version=__version__)
    runner = Runner(settings, Measures(metrics.registry))
    taking = Check(
        name="buffer", target=", ".join(map(str, settings.kafka.servers)), probe=runner.ready, timeout_seconds=1
    )
    health = Health([kafka_check(settings.kafka), taking], on_report=metrics.record_check)

    # A replay that fails would leave a process behind that is never ready again: the next one begins anew.
    background = Background(lambda: runner.replay(lambda: health.stopping))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with runner.running(), background.lifespan(app):
            yield

    app = new_application(
        SERVICE, __version__, "Writes prices to Kafka: posted ones, and replayed ones at a chosen rate.", lifespan
    )
    limiter = RateLimiter(RateLimit(settings.calls_per_second, settings.calls_burst))
    writer = requires(Authenticator(settings.auth), roles=WRITERS, limiter=limiter)
    skew = timedelta(seconds=settings.max_clock_skew_seconds)
    app.include_router(prices_router(lambda: runner.publisher, writer, max_clock_skew=skew))
    setup_service(app, health, metrics, most_body_bytes=BODY_BYTES)
    return Service(app, health, background)
