"""The loop of this service: batches in, predictions out, waiting as long as anything it needs is not there."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from servicekit.kafka_spans import processing, sending
from servicekit.logs import get_logger
from servicekit.records import Record
from servicekit.retry import Backoff

from prediction_consumer.measures import Measures
from prediction_consumer.predictor import Outcome, Predictor, Unavailable
from prediction_consumer.stream import Aborted, Stream

T = TypeVar("T")

KAFKA = "kafka"

logger = get_logger(__name__)


class Pipeline:
    """Works off the input one batch at a time, in order.

    A batch that cannot be finished now is held, its partitions paused, and tried again with back-off: nothing is
    skipped and nothing is written twice. It is given up only when its partitions go to another process.
    """

    def __init__(
        self,
        stream: Stream,
        predictor: Predictor,
        measures: Measures,
        *,
        backoff: Backoff,
        stopping: Callable[[], bool],
    ) -> None:
        """Hold the parts; starts nothing.

        Args:
            stream: the topics.
            predictor: asks the two services.
            measures: told what happened.
            backoff: waits between tries of a batch.
            stopping: whether the process was asked to stop; looked at between batches and while waiting.
        """
        self._stream, self._predictor, self._measures = stream, predictor, measures
        self._backoff, self._stopping = backoff, stopping
        self._trouble: tuple[str, float] | None = None
        self._failure: BaseException | None = None

    @property
    def failure(self) -> BaseException | None:
        """What ended the loop, if it did not end in order."""
        return self._failure

    async def ready(self) -> None:
        """Return when records are being worked off.

        Raises:
            RuntimeError: they are not; the message says why and since when.
        """
        if self._failure is not None:
            raise RuntimeError(f"the loop has ended: {self._failure}")
        if not self._stream.joined:
            raise RuntimeError("waiting for the consumer group to hand out its partitions")
        if self._trouble is not None:
            reason, since = self._trouble
            raise RuntimeError(f"paused for {time.monotonic() - since:.0f} s: {reason}")

    async def run(self) -> None:
        """Work until asked to stop.

        Raises:
            KafkaFailure: the process must be started anew.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="kafka") as thread:
            try:
                await _in(thread, self._stream.open)
                while not self._stopping():
                    records = await _in(thread, self._next)
                    if records:
                        await self._finish(records, thread)
            except Exception as error:
                self._failure = error
                raise
            finally:
                await _in(thread, self._stream.close)

    def _next(self) -> list[Record]:
        records = self._stream.next()
        self._measures.lag(self._stream.lag)
        return records

    async def _finish(self, records: Sequence[Record], thread: Executor) -> None:
        topics = {record.topic for record in records}
        with processing(topics, len(records), (record.headers for record in records)):
            await self._finished(records, thread)

    async def _finished(self, records: Sequence[Record], thread: Executor) -> None:
        outcome: Outcome | None = None
        waits = self._backoff.waits()
        started = time.perf_counter()
        while True:
            try:
                if outcome is None:
                    outcome = await self._predictor.predict(records)
                    predicted = time.perf_counter()
                with sending({one.topic for one in outcome.records}, len(outcome.records), makes=False):
                    await _in(thread, partial(self._stream.commit, records, outcome.records))
            except Unavailable as trouble:
                wait = max(next(waits), trouble.retry_after)
                self._blocked(trouble.service, str(trouble))
            except Aborted as trouble:
                wait = next(waits)
                self._blocked(KAFKA, f"{KAFKA}: {trouble}")
            else:
                self._flowing()
                self._measures.finished(records, outcome, predicted - started, time.perf_counter() - predicted)
                return
            if not await _in(thread, partial(self._stream.hold, wait)):
                logger.info("a batch went to another process", records=len(records))
                self._trouble = None
                return
            if self._stopping():
                return

    def _blocked(self, service: str, reason: str) -> None:
        self._measures.blocked(service)
        if self._trouble is None:
            logger.warning("paused", reason=reason)
        self._trouble = (reason, self._trouble[1] if self._trouble else time.monotonic())

    def _flowing(self) -> None:
        if self._trouble is not None:
            logger.info("going on", seconds=round(time.monotonic() - self._trouble[1], 1))
            self._trouble = None


async def _in(thread: Executor, call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, call)
