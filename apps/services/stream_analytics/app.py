"""The application: health and metrics, with the pipeline beside it in a thread."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI
from servicekit.application import new_application, setup_service
from servicekit.health import Check, Health
from servicekit.kafka import kafka_check
from servicekit.logs import get_logger
from servicekit.metrics import Metrics

from stream_analytics import SERVICE, __version__
from stream_analytics.metrics import StreamMetrics
from stream_analytics.pipeline import Pipeline
from stream_analytics.settings import StreamAnalyticsSettings

logger = get_logger(__name__)


@dataclass
class Worker:
    """The pipeline's thread, and why it ended if it did."""

    pipeline: Pipeline
    failure: BaseException | None = None
    thread: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin to read."""
        self.thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
        self.thread.start()

    def end(self, timeout_seconds: float) -> None:
        """Give out what is final, commit and leave the group."""
        self.pipeline.stop()
        if self.thread:
            self.thread.join(timeout_seconds)

    def _run(self) -> None:
        try:
            self.pipeline.run()
        except BaseException as failure:  # noqa: BLE001 - whatever ends the thread must end the process
            self.failure = failure
            logger.error("the pipeline ended", reason=str(failure) or type(failure).__name__)  # noqa: TRY400
            os.kill(os.getpid(), signal.SIGTERM)

    async def probe(self) -> None:
        """For readiness.

        Raises:
            RuntimeError: it ended, or has not joined its group yet.
        """
        if self.failure is not None:
            raise RuntimeError(f"it ended: {self.failure}")
        if not self.pipeline.joined.is_set():
            raise RuntimeError("it has not joined its consumer group yet")


@dataclass(frozen=True)
class Service:
    """An application and the state that its server needs in order to stop it."""

    app: FastAPI
    health: Health
    worker: Worker


def create_service(settings: StreamAnalyticsSettings) -> Service:
    """Build the application; the pipeline starts and ends with it."""
    metrics = Metrics(service=SERVICE, version=__version__)
    worker = Worker(Pipeline(settings, StreamMetrics(metrics.registry)))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        worker.start()
        yield
        await asyncio.to_thread(worker.end, settings.stop_seconds)

    app = new_application(
        SERVICE,
        __version__,
        "Statistics of prices over event-time windows; its work goes from Kafka to Kafka.",
        lifespan,
    )
    checks = [kafka_check(settings.kafka), Check("pipeline", "the consumer group", worker.probe, 1.0)]
    health = Health(checks, on_report=metrics.record_check)
    setup_service(app, health, metrics)
    return Service(app, health, worker)
