"""Going back to where a client was: one reader of the past for all clients that resume, until they meet the present."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from servicekit.kafka_errors import KafkaFailure
from servicekit.logs import get_logger
from servicekit.reader import PartitionReader
from servicekit.records import Record
from servicekit.retry import Backoff

from stream_gateway.envelope import Item, item_of, matches
from stream_gateway.hub import Hub, Listener
from stream_gateway.messages import Place, Reason, gap
from stream_gateway.metrics import StreamMetrics

logger = get_logger(__name__)

_NEAR = 10_000
"""Records: who is no further behind is served before those who are, so that one long way back holds nobody up."""

_SLICE = 20
"""Batches of a round after which those that came meanwhile are looked at."""

_BATCH = 2_000
_TURN = 500


class Resuming:
    """A subscription on its way to the present.

    Attributes:
        listener: what it will be once there.
        positions: the next offset that it wants, of every partition of its topics.
    """

    __slots__ = ("listener", "positions")

    def __init__(self, listener: Listener, positions: Mapping[Place, int]) -> None:
        """Begin at these positions."""
        self.listener, self.positions = listener, dict(positions)


class Replayer:
    """Reads old records again for those who ask, each record once for all of them, and hands them over to the hub.

    A client that is slow to read is left where it is until its queue is empty, and the others go on.
    """

    def __init__(
        self, hub: Hub, reader: Callable[[], PartitionReader], metrics: StreamMetrics, *, max_records: int
    ) -> None:
        """Replay for a hub; ``max_records`` is how many of a partition a client may go back."""
        self._hub, self._make, self._metrics, self._most = hub, reader, metrics, max_records
        self._waiting: dict[Listener, Resuming] = {}
        self._parked: dict[Listener, Resuming] = {}
        self._wake = asyncio.Event()
        self._deliveries = 0

    def add(self, resuming: Resuming) -> None:
        """Bring a subscription to the present."""
        self._waiting[resuming.listener] = resuming
        self._wake.set()

    def drained(self, listener: Listener) -> None:
        """The client's queue is empty again."""
        resuming = self._parked.pop(listener, None)
        if resuming is not None:
            self.add(resuming)

    def forget(self, listener: Listener) -> Mapping[Place, int] | None:
        """The client is gone or wants something else; where it was, if it was on its way."""
        listener.active = False
        resuming = self._waiting.pop(listener, None) or self._parked.pop(listener, None)
        return resuming.positions if resuming else None

    async def run(self) -> None:
        """Serve those who ask, for ever."""
        waits = Backoff().waits()
        while True:
            try:
                async with self._make() as reader:
                    while True:
                        await self._wake.wait()
                        await self._round(reader)
                        waits = Backoff().waits()
            except KafkaFailure as failure:
                logger.warning("a replay was interrupted and begins again", reason=str(failure))
                await asyncio.sleep(next(waits))

    async def _round(self, reader: PartitionReader) -> None:
        asked = list(self._waiting.values())
        off = {place for one in asked for place, at in one.positions.items() if at != self._hub.live.get(place)}
        bounds = {place: await reader.bounds(place) for place in off}
        # By listener: who is parked or leaves is no longer of this round, even if it comes back during it.
        chosen = {one.listener: one for one in self._choose(asked, bounds)}
        self._arrive(chosen)
        if chosen:
            await self._read(reader, chosen)
        if not self._waiting:
            self._wake.clear()

    async def _read(self, reader: PartitionReader, chosen: dict[Listener, Resuming]) -> None:
        reached: dict[Place, int] = {}
        for one in chosen.values():
            for place, position in one.positions.items():
                reached[place] = min(reached.get(place, position), position)
        await reader.assign(reached)
        batches = 0
        while chosen and (batches < _SLICE or self._waiting.keys() <= chosen.keys()):
            batches += 1
            batch = await reader.read(_BATCH)
            for record in batch.records:
                await self._hand_over(record, chosen)
                reached[record.topic, record.partition] = record.offset + 1
            for place, end in batch.ends.items():
                reached[place] = max(reached.get(place, 0), end)
            self._note(chosen, reached)
            self._arrive(chosen)

    def _choose(self, asked: Iterable[Resuming], bounds: Mapping[Place, tuple[int, int]]) -> list[Resuming]:
        known = [one for one in asked if self._waiting.get(one.listener) is one]
        for one in known:
            self._clip(one, bounds)

        def behind(one: Resuming) -> int:
            return sum(max(bounds[place][1] - at, 0) for place, at in one.positions.items() if place in bounds)

        near = [one for one in known if behind(one) <= _NEAR]
        return near or known

    def _clip(self, one: Resuming, bounds: Mapping[Place, tuple[int, int]]) -> None:
        missing: dict[Reason, dict[Place, tuple[int, int]]] = {}
        for place, position in one.positions.items():
            if place not in bounds:
                continue
            low, high = bounds[place]
            if position < low:
                missing.setdefault("expired", {})[place] = position, low - 1
            start = max(position, low)
            if high - start > self._most:
                missing.setdefault("too-far", {})[place] = start, high - self._most - 1
                start = high - self._most
            if start > high:
                missing.setdefault("ahead", {})[place] = high, start - 1
                start = high
            one.positions[place] = start
        for reason, places in missing.items():
            one.listener.subscriber.deliver(Item(gap(places, reason)))

    async def _hand_over(self, record: Record, chosen: dict[Listener, Resuming]) -> None:
        place, item = (record.topic, record.partition), None
        for listener, one in list(chosen.items()):
            position = one.positions.get(place)
            if not listener.active or position is None or position > record.offset:
                continue
            one.positions[place] = record.offset + 1
            if listener.symbols is None or matches(record.key, listener.symbols):
                item = item or item_of(record)
                listener.subscriber.deliver(item)
                self._metrics.replayed.inc()
                if listener.subscriber.full and self._waiting.get(listener) is one:
                    self._parked[listener] = self._waiting.pop(listener)
                    del chosen[listener]
            self._deliveries += 1
            if not self._deliveries % _TURN:
                await asyncio.sleep(0)

    def _note(self, chosen: Mapping[Listener, Resuming], reached: Mapping[Place, int]) -> None:
        """Offsets without a record (transaction marks, compacted keys) are behind those who are reading."""
        for one in chosen.values():
            for place, position in one.positions.items():
                one.positions[place] = max(position, reached.get(place, 0))

    def _arrive(self, chosen: dict[Listener, Resuming]) -> None:
        """Hand to the hub who has met the present, and leave out who has gone."""
        live = self._hub.live
        for listener, one in list(chosen.items()):
            if self._waiting.get(listener) is not one:
                del chosen[listener]
            elif all(position >= live.get(place, 0) for place, position in one.positions.items()):
                del chosen[listener]
                del self._waiting[listener]
                ahead = {place: at for place, at in one.positions.items() if at > live.get(place, 0)}
                listener.skip = ahead or None
                self._hub.join(listener)
