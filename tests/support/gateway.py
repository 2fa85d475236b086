"""A stream-gateway in one process with the tests: its settings, a log of Kafka in memory, and clients that remember."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import orjson
from prometheus_client import CollectorRegistry
from servicekit.auth import Principal
from servicekit.kafka import KafkaSettings
from servicekit.reader import Batch
from servicekit.records import Record
from stream_gateway.envelope import Item
from stream_gateway.gateway import Gateway
from stream_gateway.metrics import StreamMetrics
from stream_gateway.settings import StreamGatewaySettings

from tests.support.tokens import Issuer

TOPICS = ("prices", "predictions")
ANALYST = Principal("a", frozenset({"analyst"}), frozenset({"platform"}))


def gateway_settings(issuer: Issuer, *, kafka: str = "127.0.0.1:9", **changed: Any) -> StreamGatewaySettings:
    """Settings of a gateway of the two topics."""
    return StreamGatewaySettings(
        kafka=KafkaSettings(bootstrap_servers=kafka),
        auth=issuer.settings,
        **{"topics": TOPICS, "tenant_topics": {"desk": ["predictions"]}, **changed},
    )


def gateway(issuer: Issuer, **changed: Any) -> Gateway:
    """A gateway of which nothing runs; two partitions of each topic are known and empty."""
    made = Gateway(gateway_settings(issuer, **changed), StreamMetrics(CollectorRegistry()))
    made.hub.advance({(topic, partition): 0 for topic in TOPICS for partition in range(2)})
    return made


def record(topic: str, partition: int, offset: int, key: bytes | None = b"WTI", **more: Any) -> Record:
    """A record; its value tells its offset."""
    value = more.get("value", orjson.dumps({"n": offset}))
    return Record(topic, partition, offset, key, value, more.get("headers", {}), -1)


class Client:
    """A stream that keeps what it was given; one that is slow has a queue of so many messages."""

    kind = "test"

    def __init__(self, principal: Principal | None = ANALYST, *, room: int | None = None) -> None:
        self.principal, self.room = principal, room
        self.messages: list[dict[str, Any]] = []
        self.queued = 0

    @property
    def full(self) -> bool:
        return self.room is not None and self.queued >= self.room

    def deliver(self, item: Item) -> None:
        self.queued += item.place is not None
        self.messages.append(orjson.loads(item.payload))

    def tick(self, now: float) -> None:
        return None

    def end(self) -> None:
        return None

    @property
    def seen(self) -> list[tuple[str, int, int]]:
        """Topic, partition and offset of each record, as they came."""
        return [(one["topic"], one["partition"], one["offset"]) for one in self.messages if "offset" in one]

    def notices(self, kind: str) -> list[Any]:
        """What the gateway said of one kind."""
        return [one[kind] for one in self.messages if kind in one]


class FakeLog:
    """The records of some partitions, and readers of them; `hole` offsets exist and hold no record."""

    def __init__(self, low: int = 0) -> None:
        self.low = low
        self.records: dict[tuple[str, int], list[Record]] = {}
        self.high: dict[tuple[str, int], int] = {}
        self.batch = 3

    def write(self, topic: str, partition: int, **more: Any) -> Record:
        place = topic, partition
        made = record(topic, partition, self.high.get(place, 0), **more)
        self.records.setdefault(place, []).append(made)
        self.high[place] = made.offset + 1
        return made

    def mark(self, topic: str, partition: int) -> None:
        """What a transaction leaves at its end."""
        self.high[topic, partition] = self.high.get((topic, partition), 0) + 1

    def reader(self) -> FakeReader:
        return FakeReader(self)


class FakeReader:
    """Stands in for servicekit's PartitionReader."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log
        self._at: dict[tuple[str, int], int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def bounds(self, place: tuple[str, int]) -> tuple[int, int]:
        await asyncio.sleep(0)
        return self._log.low, self._log.high.get(place, 0)

    async def assign(self, offsets: Mapping[tuple[str, int], int]) -> None:
        self._at = dict(offsets)

    async def read(self, max_records: int = 500, max_wait_seconds: float = 0.1) -> Batch:
        await asyncio.sleep(0)
        batch = Batch([], {})
        for place, at in self._at.items():
            found = [one for one in self._log.records.get(place, []) if one.offset >= at][: self._log.batch]
            batch.records.extend(found)
            self._at[place] = found[-1].offset + 1 if found else self._log.high.get(place, 0)
            if not found:
                batch.ends[place] = self._at[place]
        return batch
