"""The middle of the gateway: who wants which record, and how it gets to all of them."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from servicekit.records import Record

from stream_gateway.envelope import Item, item_of, names_of
from stream_gateway.messages import Place
from stream_gateway.metrics import StreamMetrics

_TURN = 500
"""Deliveries after which other work of the process gets its turn: about 5 ms."""


class Subscriber(Protocol):
    """One client's stream."""

    @property
    def full(self) -> bool:
        """Whether it is slow and its queue is at its end."""

    def deliver(self, item: Item) -> None:
        """Send or queue a message; never waits and never raises."""


class Listener:
    """A subscription that is live.

    Attributes:
        subscriber: whose it is.
        topics: what it listens to.
        symbols: what of it; None for everything.
        skip: next offset wanted of partitions in which the client is ahead of the gateway.
        active: False once it has ended; a fan-out under way asks.
    """

    __slots__ = ("active", "skip", "subscriber", "symbols", "topics")

    def __init__(
        self,
        subscriber: Subscriber,
        topics: Sequence[str],
        symbols: frozenset[str] | None,
        skip: Mapping[Place, int] | None = None,
    ) -> None:
        """Begin listening once it is given to the hub."""
        self.subscriber, self.topics, self.symbols = subscriber, topics, symbols
        self.skip: dict[Place, int] | None = dict(skip) if skip else None
        self.active = True

    def wants(self, place: Place, offset: int) -> bool:
        """Whether the client has not got that record yet; forgets where it was ahead once it is not any more."""
        if self.skip is None or place not in self.skip:
            return True
        if offset < self.skip[place]:
            return False
        del self.skip[place]
        self.skip = self.skip or None
        return True


class Hub:
    """Fans records out to live subscriptions, each record encoded once.

    Attributes:
        live: for each partition, the offset of the record that is fanned out next.
    """

    def __init__(self, metrics: StreamMetrics) -> None:
        """Begin with no partition and no listener."""
        self.live: dict[Place, int] = {}
        self._metrics = metrics
        self._everything: dict[str, dict[Listener, None]] = {}
        self._by_symbol: dict[str, dict[str, dict[Listener, None]]] = {}
        self._deliveries = 0
        # The record whose fan-out has paused, its listeners, and how many of them have been served.
        self._in_hand: tuple[Place, int, Sequence[Listener], int] | None = None
        self._unserved: frozenset[Listener] | None = None

    def places(self, topics: Iterable[str]) -> list[Place]:
        """The partitions of topics, as far as they are known."""
        wanted = set(topics)
        return [place for place in self.live if place[0] in wanted]

    def next_for(self, listener: Listener) -> dict[Place, int]:
        """For each partition of its topics, the offset from which on a live listener was not served yet."""
        found = {place: self.live[place] for place in self.places(listener.topics)}
        if self._in_hand is not None:
            place, offset, listeners, served = self._in_hand
            if self._unserved is None:
                # Once for all who ask during the pause: a stop asks for every stream.
                self._unserved = frozenset(listeners[served:])
            if listener in self._unserved:
                found[place] = offset
        return found

    def join(self, listener: Listener) -> None:
        """Deliver to a listener from now on."""
        for topic in listener.topics:
            if listener.symbols is None:
                self._everything.setdefault(topic, {})[listener] = None
            else:
                for symbol in listener.symbols:
                    self._by_symbol.setdefault(topic, {}).setdefault(symbol, {})[listener] = None

    def leave(self, listener: Listener) -> None:
        """Deliver nothing to it any more."""
        listener.active = False
        for topic in listener.topics:
            self._everything.get(topic, {}).pop(listener, None)
            by_symbol = self._by_symbol.get(topic, {})
            for symbol in listener.symbols or ():
                listeners = by_symbol.get(symbol, {})
                listeners.pop(listener, None)
                if not listeners:
                    by_symbol.pop(symbol, None)

    def advance(self, ends: Mapping[Place, int]) -> None:
        """Note how far partitions were read where no record told it."""
        for place, offset in ends.items():
            self.live[place] = max(self.live.get(place, 0), offset)

    async def publish(self, records: Sequence[Record]) -> None:
        """Hand records, in their order, to all who want them."""
        begun = time.perf_counter()
        for record in records:
            # First, so that a client that joins during the fan-out knows that this record is not for it any more.
            self.live[record.topic, record.partition] = record.offset + 1
            self._metrics.records.labels(record.topic).inc()
            if record.timestamp_ms > 0:
                self._metrics.age.observe(max(time.time() - record.timestamp_ms / 1000, 0.0))
            listeners = self._listeners(record)
            if listeners:
                await self._fan_out(record, listeners)
                self._metrics.fan_out.observe(time.perf_counter() - begun)

    def _listeners(self, record: Record) -> list[Listener]:
        listeners = list(self._everything.get(record.topic, ()))
        by_symbol = self._by_symbol.get(record.topic)
        if by_symbol:
            found: dict[Listener, None] = {}
            for name in names_of(record.key):
                found |= by_symbol.get(name, {})
            listeners += found
        return listeners

    async def _fan_out(self, record: Record, listeners: Sequence[Listener]) -> None:
        item = item_of(record)
        place, offset = (record.topic, record.partition), record.offset
        delivered = 0
        for served, listener in enumerate(listeners, 1):
            if listener.active and (listener.skip is None or listener.wants(place, offset)):
                listener.subscriber.deliver(item)
                delivered += 1
            self._deliveries += 1
            if not self._deliveries % _TURN:
                self._in_hand = place, offset, listeners, served
                await asyncio.sleep(0)
                self._in_hand = self._unserved = None
        self._metrics.messages.labels(record.topic).inc(delivered)
