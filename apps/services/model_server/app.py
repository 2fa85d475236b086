"""The application: everything a model-server process serves."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from servicekit.application import new_application, setup_service
from servicekit.auth import READERS, Authenticator, RateLimit, RateLimiter, requires
from servicekit.health import Check, Health
from servicekit.metrics import Metrics

from model_server import SERVICE, __version__
from model_server.keeper import Keeper
from model_server.measures import Measures
from model_server.predicting import Predictor
from model_server.routes import model_router
from model_server.settings import ModelServerSettings
from model_server.shadow import Shadow
from model_server.sources import Source, source_of

BODY_BYTES = 1 << 20
"""Above the longest request with the features that models know, which a test makes."""

THREADS = 2
"""For large requests and explanations: more would only take turns on the cores of a pod."""

CALLERS = READERS - {"partner"}
"""Partners get predictions from the stream, for their own tenants' topics only."""


@dataclass(frozen=True)
class Service:
    """An application and the state that its server needs in order to stop it."""

    app: FastAPI
    health: Health
    keeper: Keeper
    shadow: Shadow | None


def create_service(settings: ModelServerSettings, source: Source | None = None) -> Service:
    """Build the application with its health; opens no connection and starts nothing before the server does.

    Args:
        settings: the settings.
        source: where models come from; by default what the settings name.
    """
    metrics = Metrics(service=SERVICE, version=__version__)
    measures = Measures(metrics.registry)
    models = source or source_of(settings)
    keeper = Keeper(models, measures, poll_seconds=settings.poll_seconds, retry_seconds=settings.retry_seconds)
    shadow = Shadow(measures, most_waiting=settings.traffic.shadow_queue) if settings.traffic.shadow else None
    model = Check(name="model", target=models.place, probe=keeper.ready, timeout_seconds=1)
    health = Health([model], on_report=metrics.record_check)
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="predict")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(threads.shutdown, wait=False, cancel_futures=True)
            await stack.enter_async_context(keeper.running())
            if shadow is not None:
                await stack.enter_async_context(shadow.running())
            yield

    app = new_application(
        SERVICE, __version__, "Predicts next prices of commodities, with confidence and reasons.", lifespan
    )
    limiter = RateLimiter(RateLimit(settings.calls_per_second, settings.calls_burst))
    caller = requires(Authenticator(settings.auth), roles=CALLERS, limiter=limiter)
    app.include_router(model_router(keeper, Predictor(measures, threads, shadow), caller, settings.traffic))
    setup_service(app, health, metrics, most_body_bytes=BODY_BYTES)
    return Service(app, health, keeper, shadow)
