"""The topics whose prices are put into windows, and how a batch of their records becomes columns of numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import orjson

from stream_analytics.checkpoint import NEVER
from stream_analytics.events import SCALE
from stream_analytics.partition import Batch

# As the catalog's JSON Schemas have them.
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z").fullmatch
_DECIMALS = {digits: re.compile(rf"-?[0-9]{{1,{digits}}}(\.[0-9]{{1,4}})?").fullmatch for digits in (8, 10)}
_SHOWN = 80


class Message(Protocol):
    """What is read of a message of confluent-kafka."""

    def key(self) -> bytes | None:
        """The record's key."""

    def value(self) -> bytes | None:
        """The record's value."""

    def offset(self) -> int:
        """The record's offset."""

    def timestamp(self) -> tuple[int, int]:
        """Kind of the record's timestamp, and the timestamp in milliseconds."""


@dataclass(frozen=True)
class Source:
    """A topic of prices; a test holds these against the catalog's entry of the topic.

    Attributes:
        topic: its name.
        fields: the record's fields; one more or less makes it unreadable.
        key: fields that make the key, joined by a bar; the key names the series.
        time: field with the event time.
        price: field with the price.
        digits: digits that the price may have before the point.
    """

    topic: str
    fields: frozenset[str]
    key: tuple[str, ...]
    time: str
    price: str
    digits: int

    def batch(self, messages: Sequence[Message], ahead_seconds: float) -> Batch:
        """Read messages of one partition in the order of their offsets.

        Only what is used is checked. A record whose time is further ahead of the record's own timestamp than
        ``ahead_seconds`` is unreadable: it would push the watermark past everything that is still to come.
        """
        seconds: list[float] = []
        prices: list[float] = []
        keys: list[str | None] = []
        bad: dict[int, str] = {}
        for row, message in enumerate(messages):
            key = message.key()
            name = None
            try:
                name = None if key is None else key.decode()
                at, price = self._read(name, message, ahead_seconds)
            except (ValueError, AttributeError, TypeError) as error:
                bad[row] = _reason(error)
                at = price = 0.0
            seconds.append(at)
            prices.append(price)
            keys.append(name)
        # Both are exact: a float of seconds is good for 0.2 microseconds, and 14 digits are fewer than a float holds.
        time = np.rint(np.array(seconds) * 1e6).astype(np.int64)
        value = np.rint(np.array(prices) * SCALE).astype(np.int64)
        time[list(bad)] = NEVER
        offset = np.fromiter((message.offset() for message in messages), dtype=np.int64, count=len(messages))
        return Batch(offset, keys, time, value, bad)

    def _read(self, name: str | None, message: Message, ahead_seconds: float) -> tuple[float, float]:
        """Event time in seconds and price of one record."""
        content = orjson.loads(message.value() or b"")
        if content.keys() != self.fields:
            raise ValueError(_strange_fields(content.keys(), self.fields))
        price, instant = content[self.price], content[self.time]
        if not _DECIMALS[self.digits](price):
            raise ValueError(_unlike(self.price, price, f"text like 71.2500, with {self.digits} digits and 4 at most"))
        if not _INSTANT(instant):
            raise ValueError(_unlike(self.time, instant, "RFC 3339 text in UTC like 2026-01-31T12:00:00Z"))
        if name != (content[self.key[0]] if len(self.key) == 1 else "|".join([content[one] for one in self.key])):
            raise ValueError(_unlike("the key", name, f"the record's {'|'.join(self.key)}"))
        at = datetime.fromisoformat(instant).timestamp()
        kind, stamp = message.timestamp()
        if at < 0 or (kind and at > stamp / 1000 + ahead_seconds):
            limit = f"from 1970 on, and at most {ahead_seconds:g} s ahead of the record's own timestamp"
            raise ValueError(_unlike(self.time, instant, limit))
        return at, float(price)


COMMODITY_PRICES = Source(
    topic="commodity-prices",
    fields=frozenset({"symbol", "price", "currency", "traded_at"}),
    key=("symbol",),
    time="traded_at",
    price="price",
    digits=10,
)

ISO_RT_LMP = Source(
    topic="ISO_RT_LMP",
    fields=frozenset(
        {"iso", "node", "interval_start", "lmp", "energy", "congestion", "loss", "published_at"},
    ),
    key=("iso", "node"),
    time="interval_start",
    price="lmp",
    digits=8,
)

SOURCES = {source.topic: source for source in (COMMODITY_PRICES, ISO_RT_LMP)}


def _strange_fields(found: Any, wanted: frozenset[str]) -> str:
    missing, unknown = sorted(wanted - set(found)), sorted(set(found) - wanted)
    parts = [f"{what} {', '.join(names)}" for what, names in (("missing:", missing), ("unknown:", unknown)) if names]
    return f"fields {'; '.join(parts)}"[: _SHOWN * 4]


def _unlike(field: str, value: Any, wanted: str) -> str:
    return f"{field} = {repr(value)[:_SHOWN]}: must be {wanted}"


def _reason(error: Exception) -> str:
    if isinstance(error, orjson.JSONDecodeError):
        return f"not JSON: {error}"
    if isinstance(error, UnicodeDecodeError):
        return "the key is not UTF-8 text"
    if isinstance(error, AttributeError):
        return "not a JSON object"
    return f"a field is not text: {error}" if isinstance(error, TypeError) else str(error)
