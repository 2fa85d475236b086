"""A record of Kafka as clients see it, and encoded once for all of them."""

import base64
from collections.abc import Collection
from typing import Any

import orjson
from servicekit import hops
from servicekit.records import Record
from servicekit.tracing import HEADER

from stream_gateway import SERVICE
from stream_gateway.frames import text_frame
from stream_gateway.messages import Place


class Item:
    """One message on its way to clients.

    Attributes:
        payload: its JSON text.
        frame: the same as a WebSocket frame.
        place: topic and partition of its record; None for what the gateway itself says.
        offset: of its record.
    """

    __slots__ = ("frame", "offset", "payload", "place")

    def __init__(self, payload: bytes, place: Place | None = None, offset: int = -1) -> None:
        """Encode the frame; that is done once, however many clients get it."""
        self.payload, self.place, self.offset = payload, place, offset
        self.frame = text_frame(payload)


def item_of(record: Record) -> Item:
    """A record as a message, with the gateway's own hop."""
    seen = hops.parse(hops.append(record.headers, SERVICE))
    value, encoding = _value(record.value)
    trace = record.headers.get(HEADER)
    envelope = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": None if record.key is None else record.key.decode(errors="replace"),
        "value": value,
        "hops": [{"service": hop.service, "at": hop.at} for hop in seen],
        "traceparent": None if trace is None else trace.decode(errors="replace"),
    }
    if encoding:
        envelope["encoding"] = encoding
    return Item(orjson.dumps(envelope), (record.topic, record.partition), record.offset)


def matches(key: bytes | None, symbols: Collection[str]) -> bool:
    """Whether a record is about one of the symbols: its key, or the first column of a key of several."""
    return any(name in symbols for name in names_of(key))


def names_of(key: bytes | None) -> tuple[str, ...]:
    """What a record can be asked for by."""
    if key is None:
        return ()
    text = key.decode(errors="replace")
    first, bar, _ = text.partition("|")
    return (text, first) if bar else (text,)


def _value(value: bytes | None) -> tuple[Any, str | None]:
    """A JSON value as it is; other text as text, other bytes in base 64, each named by its encoding."""
    if value is None:
        return None, None
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        try:
            return value.decode(), "text"
        except UnicodeDecodeError:
            return base64.b64encode(value).decode(), "base64"
    return orjson.Fragment(value), None
