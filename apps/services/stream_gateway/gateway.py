"""The gateway without its doors: who may stream what, how many, from where on, and what runs beside the streams."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from servicekit.auth import READERS, Authenticator, Principal, RateLimit, RateLimiter, Refused
from servicekit.auth.guard import Guard
from servicekit.reader import PartitionReader

from stream_gateway import SERVICE, messages
from stream_gateway.envelope import Item
from stream_gateway.hub import Hub, Listener, Subscriber
from stream_gateway.live import LiveReader
from stream_gateway.messages import Invalid, Place
from stream_gateway.metrics import StreamMetrics
from stream_gateway.replay import Replayer, Resuming
from stream_gateway.settings import StreamGatewaySettings


class Stream(Subscriber, Protocol):
    """One client's connection, of whatever kind."""

    principal: Principal | None
    kind: str

    def tick(self, now: float) -> None:
        """Called once a second: time for heartbeats and time-outs."""

    def end(self) -> None:
        """Say goodbye: the gateway stops."""


class Gateway:
    """All streams of one process.

    Attributes:
        settings: what it was told.
        hub: fans out to live subscriptions.
        replayer: brings those that resume to the present.
        live: reads the present.
        guard: lets clients in.
        metrics: what it measures.
    """

    def __init__(self, settings: StreamGatewaySettings, metrics: StreamMetrics, *, guard: Guard | None = None) -> None:
        """Build the parts; opens no connection and starts nothing."""
        self.settings, self.metrics = settings, metrics
        self.limiter = RateLimiter(RateLimit(settings.requests_per_second, settings.requests_burst))
        self.authenticator = Authenticator(settings.auth)
        self.guard = guard or Guard(self.authenticator, roles=READERS, limiter=self.limiter)
        self.hub = Hub(metrics)
        self.replayer = Replayer(self.hub, self._reader, metrics, max_records=settings.max_replay_records)
        self.live = LiveReader(self.hub, self._reader, settings.topics)
        self._streams: dict[Stream, None] = {}
        self._listeners: dict[Stream, Listener] = {}
        self._seats: Counter[str] = Counter()

    def _reader(self) -> PartitionReader:
        return PartitionReader(self.settings.kafka, group=SERVICE)

    def allowed(self, principal: Principal) -> list[str]:
        """The topics that a principal may read, in the order of the settings."""
        if principal.sees_all_tenants:
            return list(self.settings.topics)
        mine = {topic for tenant in principal.tenants for topic in self.settings.tenant_topics.get(tenant, ())}
        return [topic for topic in self.settings.topics if topic in mine]

    def seat(self, stream: Stream, principal: Principal) -> None:
        """Count a stream.

        Raises:
            Refused: 503 where the process has too many, 429 where the principal has.
        """
        if len(self._streams) >= self.settings.max_connections:
            raise Refused(503, "unavailable", f"{self.settings.max_connections} streams are open; try another time")
        if self._seats[principal.subject] >= self.settings.max_connections_per_principal:
            most = self.settings.max_connections_per_principal
            raise Refused(429, None, f"you have {most} streams open; close one first")
        self._streams[stream] = None
        self._seats[principal.subject] += 1
        stream.principal = principal
        self.metrics.connections.labels(stream.kind).inc()

    def unseat(self, stream: Stream) -> None:
        """A stream has ended; may be called more than once."""
        self.unsubscribe(stream)
        if stream in self._streams and stream.principal is not None:
            del self._streams[stream]
            self._seats[stream.principal.subject] -= 1
            if not self._seats[stream.principal.subject]:
                del self._seats[stream.principal.subject]
            self.metrics.connections.labels(stream.kind).dec()

    def check(self, principal: Principal, wanted: messages.Subscription) -> tuple[list[str], dict[Place, int]]:
        """The topics of a subscription, and the next offset that it wants of each of their partitions.

        Raises:
            Invalid: the principal may not have it, or there is no such partition.
        """
        topics = messages.chosen(wanted, self.allowed(principal))
        positions = {place: self.hub.live[place] for place in self.hub.places(topics)}
        unknown = sorted(set(topics) - {topic for topic, _ in positions})
        if unknown:
            raise Invalid(f"topic {', '.join(unknown)}: not read from Kafka yet; come again")
        for place, last in messages.last_offsets(wanted.resume).items():
            if place not in positions:
                raise Invalid(f"resume.{place[0]}.{place[1]}: you did not subscribe to it, or it has fewer partitions")
            positions[place] = last + 1
        return topics, positions

    def subscribe(self, stream: Stream, wanted: messages.Subscription) -> dict[Place, int]:
        """Give a stream what it wants from now on, and what it has missed before; tells it from where on.

        Returns:
            The last offset of each partition that the stream has, or is taken to have.

        Raises:
            Invalid: it may not have it, or there is no such partition.
        """
        if stream.principal is None:
            raise Invalid("who you are is not known yet")
        topics, positions = self.check(stream.principal, wanted)
        self.unsubscribe(stream)
        symbols = None if wanted.symbols is None else frozenset(wanted.symbols)
        listener = Listener(stream, topics, symbols)
        self._listeners[stream] = listener
        last = {place: position - 1 for place, position in positions.items()}
        stream.deliver(Item(messages.subscribed(topics, symbols, last)))
        if all(position == self.hub.live[place] for place, position in positions.items()):
            self.hub.join(listener)
        else:
            self.replayer.add(Resuming(listener, positions))
        return last

    def unsubscribe(self, stream: Stream) -> None:
        """Deliver nothing to a stream any more."""
        listener = self._listeners.pop(stream, None)
        if listener is not None:
            self.replayer.forget(listener)
            self.hub.leave(listener)

    def last(self, stream: Stream) -> Mapping[Place, int]:
        """The last offset of each partition that the stream was given, once its queue is sent."""
        listener = self._listeners.get(stream)
        if listener is None:
            return {}
        positions = self.hub.next_for(listener)
        resuming = self.replayer.forget(listener)
        positions |= resuming or listener.skip or {}
        return {place: position - 1 for place, position in positions.items()}

    def drained(self, stream: Stream) -> None:
        """A slow stream has caught up with its queue."""
        listener = self._listeners.get(stream)
        if listener is not None:
            self.replayer.drained(listener)

    async def run(self) -> None:
        """Read, replay and keep time until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.live.run())
            tasks.create_task(self.replayer.run())
            tasks.create_task(self._keep_time())

    def end(self) -> None:
        """Say goodbye to every stream that cannot end by itself."""
        for stream in list(self._streams):
            stream.end()

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self.settings.heartbeat_seconds / 2))
            now = time.monotonic()
            for number, stream in enumerate(list(self._streams)):
                stream.tick(now)
                if not number % 1000:
                    await asyncio.sleep(0)
