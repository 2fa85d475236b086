"""What runs as long as the process serves: the producer, and the replays."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from servicekit.logs import get_logger
from servicekit.producer import Producer

from price_feed.market import replayed_lmps, replayed_prices
from price_feed.measures import Measures
from price_feed.publisher import KafkaRecord, Publisher
from price_feed.replay import Replay
from price_feed.settings import PriceFeedSettings

logger = get_logger(__name__)


class Runner:
    """Starts producer and replays with the server; the replays end first, then what waits is written."""

    def __init__(self, settings: PriceFeedSettings, measures: Measures) -> None:
        """Hold the settings; opens and starts nothing."""
        self._settings, self._measures = settings, measures
        self._publisher: Publisher | None = None
        self._failure: BaseException | None = None

    @property
    def publisher(self) -> Publisher:
        """The publisher of the running server."""
        if self._publisher is None:
            raise RuntimeError("the server has not begun")
        return self._publisher

    async def ready(self) -> None:
        """Return when records are taken and the replays go on.

        Raises:
            NotKept: Kafka takes no records.
            RuntimeError: a replay has failed, or nothing has begun.
        """
        if self._failure is not None:
            raise RuntimeError(f"the replay has ended: {self._failure}")
        await self.publisher.ready()

    @asynccontextmanager
    async def running(self, stopping: Callable[[], bool]) -> AsyncIterator[None]:
        """Write records inside; ``stopping`` says when the process was asked to stop, which ends the replays."""
        settings = self._settings
        extra = {
            "queue.buffering.max.messages": settings.buffer_records,
            # What matters is told once; the library's own log has dozens of lines a second while a broker is away.
            "log_level": 2,
            # Callers wait for a record that is under way when the brokers come back.
            "reconnect.backoff.max.ms": 1000,
            "delivery.timeout.ms": int(settings.delivery_seconds * 1000),
        }
        async with Producer(settings.kafka, client_config_extra=extra) as producer:
            self._publisher = Publisher(
                producer, self._measures, buffer=settings.buffer_records, stall_seconds=settings.stall_seconds
            )
            replays = [asyncio.create_task(one.run()) for one in self._replays(self._publisher, stopping)]
            for replay in replays:
                replay.add_done_callback(self._ended)
            try:
                yield
            finally:
                for replay in replays:
                    replay.cancel()
                await asyncio.gather(*replays, return_exceptions=True)

    def _replays(self, publisher: Publisher, stopping: Callable[[], bool]) -> Iterator[Replay]:
        settings = self._settings

        def prices() -> Iterator[KafkaRecord]:
            return replayed_prices(settings.replay_days, settings.seed)

        def lmps() -> Iterator[KafkaRecord]:
            return replayed_lmps(settings.seed)

        for records, rate in ((prices, settings.rate), (lmps, settings.lmp_rate)):
            if rate:
                yield Replay(
                    records,
                    publisher,
                    self._measures,
                    rate=rate,
                    catch_up_seconds=settings.catch_up_seconds,
                    stopping=stopping,
                )

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failure = error
            logger.error("the replay has ended", reason=str(error))
