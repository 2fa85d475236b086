"""What runs as long as the process serves: the producer, and the replays."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from servicekit.producer import Producer

from price_feed.market import replayed_lmps, replayed_prices
from price_feed.measures import Measures
from price_feed.publisher import KafkaRecord, Publisher
from price_feed.replay import Replay
from price_feed.settings import PriceFeedSettings


class Runner:
    """The producer, and the replays, which begin after it and end before it writes what waits."""

    def __init__(self, settings: PriceFeedSettings, measures: Measures) -> None:
        """Hold the settings; opens and starts nothing."""
        self._settings, self._measures = settings, measures
        self._publisher: Publisher | None = None

    @property
    def publisher(self) -> Publisher:
        """The publisher of the running server."""
        if self._publisher is None:
            raise RuntimeError("the server has not begun")
        return self._publisher

    async def ready(self) -> None:
        """Return when records are taken.

        Raises:
            NotKept: Kafka takes no records.
            RuntimeError: nothing has begun.
        """
        await self.publisher.ready()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take records inside."""
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
            yield

    async def replay(self, stopping: Callable[[], bool]) -> None:
        """Write the series of the settings until cancelled; nothing more once ``stopping`` says so.

        Raises:
            HistoryMissingError: the real history is not installed.
            Exception: whatever else a replay does not survive.
        """
        try:
            async with asyncio.TaskGroup() as replays:
                for one in self._replays(self.publisher, stopping):
                    replays.create_task(one.run())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        await asyncio.Event().wait()

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
