"""Reading the present: every partition of every topic, once for the whole process."""

import asyncio
import time
from collections.abc import Callable, Sequence

from servicekit.health import Check
from servicekit.kafka_errors import KafkaFailure
from servicekit.kafka_spans import processing
from servicekit.logs import get_logger
from servicekit.reader import END, PartitionReader
from servicekit.retry import Backoff

from stream_gateway.hub import Hub
from stream_gateway.messages import Place

logger = get_logger(__name__)

_LOOK_SECONDS = 30.0
_SOON_SECONDS = 2.0


class LiveReader:
    """Gives the hub what is written from now on.

    A broker that is away is waited for: nothing is lost, since reading goes on at the offset it had come to.
    """

    def __init__(self, hub: Hub, reader: Callable[[], PartitionReader], topics: Sequence[str]) -> None:
        """Read topics for a hub."""
        self._hub, self._make, self._topics = hub, reader, topics
        self._assigned: set[Place] = set()
        self._missing: list[str] = list(topics)
        self._waits = Backoff().waits()

    def check(self) -> Check:
        """Ready once the end of every partition of the topics that exist is known, and there is one at least."""

        async def probe() -> None:
            if not self._assigned:
                raise RuntimeError(f"none of the topics {', '.join(self._topics)} could be read yet")
            unknown = [f"{topic}[{partition}]" for topic, partition in self._assigned - self._hub.live.keys()]
            if unknown:
                raise RuntimeError(f"the end of {', '.join(sorted(unknown)[:5])} is not known yet")

        return Check(name="stream", target="the topics", probe=probe, timeout_seconds=1.0)

    async def run(self) -> None:
        """Read for ever."""
        while True:
            try:
                async with self._make() as reader:
                    await self._read(reader)
            except KafkaFailure as failure:
                logger.warning("reading was interrupted and begins again", reason=str(failure))
                await asyncio.sleep(next(self._waits))
                self._assigned = set()

    async def _read(self, reader: PartitionReader) -> None:
        look_at = 0.0
        while True:
            if time.monotonic() >= look_at:
                await self._look(reader)
                look_at = time.monotonic() + (_SOON_SECONDS if self._missing else _LOOK_SECONDS)
            batch = await reader.read(1000)
            # What failed before this is over: the next failure is waited for briefly again.
            self._waits = Backoff().waits()
            if batch.records:
                topics = {record.topic for record in batch.records}
                with processing(topics, len(batch.records), (record.headers for record in batch.records)):
                    await self._hub.publish(batch.records)
            self._hub.advance(batch.ends)

    async def _look(self, reader: PartitionReader) -> None:
        """Find topics and partitions that are new."""
        found = await reader.partitions(self._topics)
        places = {(topic, partition) for topic, numbers in found.items() for partition in numbers}
        missing = [topic for topic in self._topics if topic not in found]
        if missing and missing != self._missing:
            logger.warning("topics are missing", topics=missing)
        self._missing = missing
        if places <= self._assigned:
            return
        known = {topic for topic, _ in self._assigned}
        # A new partition of a topic that is read has nothing that was not written just now.
        starts = {place: self._hub.live.get(place, 0 if place[0] in known else END) for place in places}
        await reader.assign(starts)
        self._assigned = places
        logger.info("reading", topics=sorted(found), partitions=len(places))
