"""Writing at an even pace, whatever holds it up meanwhile."""

import asyncio
import time
from collections.abc import Callable, Iterator

from servicekit.kafka_spans import sending
from servicekit.logs import get_logger

from price_feed.measures import Measures
from price_feed.publisher import KafkaRecord, NotKept, Publisher

logger = get_logger(__name__)

TICK_SECONDS = 0.01
"""How often records are written at most: above 100 a second, several at a time."""


class Pace:
    """How many records are due, from a rate; what is too far behind is left out instead of written in a burst."""

    def __init__(self, rate: float, *, catch_up_seconds: float, now: float) -> None:
        """Begin at ``now``, in seconds.

        Args:
            rate: records a second.
            catch_up_seconds: what is at most made good after a hold-up.
            now: by the caller's clock.
        """
        self._rate, self._catch_up = rate, catch_up_seconds
        self._begun = now
        self._done = 0

    def due(self, now: float) -> tuple[int, int]:
        """Records to write now, and records that were left out."""
        behind = int((now - self._begun) * self._rate) - self._done
        most = max(1, int(self._catch_up * self._rate))
        skipped = max(0, behind - most)
        self._done += max(behind, 0)
        return max(0, behind - skipped), skipped

    def wait(self, now: float) -> float:
        """Seconds until the next record is due, a tick at least."""
        return max(TICK_SECONDS, self._begun + (self._done + 1) / self._rate - now)


class Replay:
    """One series, written until asked to stop; records that Kafka does not take are left out."""

    def __init__(
        self,
        records: Callable[[], Iterator[KafkaRecord]],
        publisher: Publisher,
        measures: Measures,
        *,
        rate: float,
        catch_up_seconds: float,
        stopping: Callable[[], bool],
    ) -> None:
        """Write what ``records`` yields at ``rate`` a second; starts nothing."""
        self._records, self._publisher, self._measures = records, publisher, measures
        self._rate, self._catch_up, self._stopping = rate, catch_up_seconds, stopping
        self._taken = True

    async def run(self) -> None:
        """Write until the process is asked to stop."""
        records = await asyncio.to_thread(self._records)
        pace = Pace(self._rate, catch_up_seconds=self._catch_up, now=time.monotonic())
        while not self._stopping():
            due, skipped = pace.due(time.monotonic())
            self._measures.skipped(skipped + self._write_all([next(records) for _ in range(due)]))
            await asyncio.sleep(min(pace.wait(time.monotonic()), 0.5))

    def _write_all(self, due: list[KafkaRecord]) -> int:
        """Write what is due at once, as one span; returns how many records were left out."""
        if not due:
            return 0
        with sending({record.topic for record in due}, len(due), makes=True):
            return sum(not self._write(record) for record in due)

    def _write(self, record: KafkaRecord) -> bool:
        try:
            self._publisher.offer(record)
        except NotKept as error:
            if self._taken:
                logger.warning("the replay leaves records out", reason=str(error))
            self._taken = False
            return False
        if not self._taken:
            logger.info("the replay goes on")
        self._taken = True
        return True
