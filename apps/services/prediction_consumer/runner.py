"""The loop as long as the process serves: its clients, its pipeline, and what happens when it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from pydantic import HttpUrl
from servicekit.auth import TokenSource
from servicekit.client import ServiceClient
from servicekit.logs import get_logger
from servicekit.retry import Backoff

from prediction_consumer import SERVICE
from prediction_consumer.measures import Measures
from prediction_consumer.pipeline import Pipeline
from prediction_consumer.predictor import FEATURE_SERVER, MODEL_SERVER, Predictor
from prediction_consumer.settings import PredictionConsumerSettings
from prediction_consumer.stream import KafkaStream

logger = get_logger(__name__)

ATTEMPTS = 2
"""Tries of one call; after them the batch is held, and the consumer stays in its group meanwhile."""


class Runner:
    """Starts the pipeline with the server, and ends it first."""

    def __init__(self, settings: PredictionConsumerSettings, measures: Measures) -> None:
        """Hold the settings; opens and starts nothing."""
        self._settings, self._measures = settings, measures
        self._pipeline: Pipeline | None = None

    async def ready(self) -> None:
        """Return when records are being worked off.

        Raises:
            RuntimeError: they are not; the message says why.
        """
        if self._pipeline is None:
            raise RuntimeError("the loop has not begun")
        await self._pipeline.ready()

    @asynccontextmanager
    async def running(
        self, stopping: Callable[[], bool], failed: Callable[[BaseException], None]
    ) -> AsyncIterator[None]:
        """Work off records inside.

        Args:
            stopping: whether the process was asked to stop: partitions are handed over at once then.
            failed: told why the loop ended before it was asked to.
        """
        ending = asyncio.Event()
        async with AsyncExitStack() as clients:
            predictor = await self._predictor(clients)
            self._pipeline = self._made(predictor, lambda: stopping() or ending.is_set())
            task = asyncio.create_task(self._pipeline.run())
            task.add_done_callback(lambda done: _tell(done, failed))
            try:
                yield
            finally:
                ending.set()
                with suppress(Exception):  # told by the callback
                    await task

    async def _predictor(self, clients: AsyncExitStack) -> Predictor:
        settings = self._settings
        source = TokenSource(settings.auth, service=SERVICE)

        async def client(name: str, url: HttpUrl, seconds: float) -> ServiceClient:
            made = ServiceClient(str(url), source, name=name, timeout_seconds=seconds, attempts=ATTEMPTS)
            return await clients.enter_async_context(made)

        return Predictor(
            await client(FEATURE_SERVER, settings.features.url, settings.features.timeout_seconds),
            await client(MODEL_SERVER, settings.model.url, settings.model.timeout_seconds),
            topic=settings.output_topic,
            dead_letters=settings.dead_letter_topic,
        )

    def _made(self, predictor: Predictor, stopping: Callable[[], bool]) -> Pipeline:
        settings = self._settings
        stream = KafkaStream(
            settings.kafka.client_config(),
            group=settings.group,
            topic=settings.input_topic,
            transactional_id=settings.transactional_id,
            max_records=settings.max_records,
            transaction_seconds=settings.transaction_seconds,
            session_seconds=settings.session_seconds,
            stopping=stopping,
        )
        backoff = Backoff(settings.backoff_seconds, settings.backoff_most_seconds)
        return Pipeline(stream, predictor, self._measures, backoff=backoff, stopping=stopping)


def _tell(task: "asyncio.Task[None]", failed: Callable[[BaseException], None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        logger.error("the loop has ended", reason=str(error))
        failed(error)
