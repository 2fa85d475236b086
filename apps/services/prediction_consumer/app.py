"""The application: the loop over Kafka, and the health that a prediction-consumer process serves."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from servicekit.application import new_application, setup_service
from servicekit.health import Check, Health
from servicekit.kafka import kafka_check
from servicekit.metrics import Metrics

from prediction_consumer import SERVICE, __version__
from prediction_consumer.measures import Measures
from prediction_consumer.runner import Runner
from prediction_consumer.settings import PredictionConsumerSettings


@dataclass
class Service:
    """An application and the state that its server needs in order to stop it.

    Attributes:
        failure: why the loop ended before it was asked to; the process ends with it.
    """

    app: FastAPI
    health: Health
    failure: BaseException | None = None


def end_process() -> None:
    """Stop the server as a signal does; the second one leaves out the drain, as there is nothing to drain."""
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)


def create_service(settings: PredictionConsumerSettings, end: Callable[[], None] = end_process) -> Service:
    """Build the application with its health; opens no connection and starts nothing before the server does.

    Args:
        settings: of the service.
        end: ends the process when the loop cannot go on: a new one can.
    """
    metrics = Metrics(service=SERVICE, version=__version__)
    runner = Runner(settings, Measures(metrics.registry))
    # Every few seconds, and it looks at memory only.
    working_off = Check(name="loop", target=settings.input_topic, probe=runner.ready, timeout_seconds=1.0)
    health = Health([kafka_check(settings.kafka), working_off], on_report=metrics.record_check)

    def failed(error: BaseException) -> None:
        service.failure = error
        end()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with runner.running(lambda: health.stopping, failed):
            yield

    app = new_application(
        SERVICE, __version__, "Makes one prediction of every commodity price on Kafka, exactly once.", lifespan
    )
    service = Service(app, health)
    setup_service(app, health, metrics)
    return service
