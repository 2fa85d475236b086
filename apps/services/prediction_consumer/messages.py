"""What comes from Kafka and what goes to it: records, predictions and dead letters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid5

from pricemodel.records import CommodityPrice
from servicekit import hops
from servicekit.dead_letters import dead_letter_of
from servicekit.records import Record
from servicekit.tracing import passed_on as trace_passed_on

from prediction_consumer import SERVICE

_NAMESPACE = UUID("6f2d7d0b-6a0c-5e0e-9d1c-2f1f5a7f3a10")
"""Of the identifiers of predictions; drawn once, and never to be changed: an input must keep its identifier."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to write."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


class Quote(NamedTuple):
    """A record that holds a price."""

    record: Record
    price: CommodityPrice


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that no try can turn into a prediction.

    Attributes:
        kind: one word for metrics.
        reason: what is wrong with it, for people.
    """

    record: Record
    kind: str
    reason: str


def prediction_id(record: Record) -> UUID:
    """The identifier of the prediction made from a record: the same however often it is made."""
    return uuid5(_NAMESPACE, f"{record.topic}/{record.partition}/{record.offset}")


def read(records: Sequence[Record]) -> tuple[list[Quote], list[Poison]]:
    """Tell prices from what is none."""
    quotes, poison = [], []
    for record in records:
        try:
            if record.value is None:
                raise ValueError("the record has no value")  # noqa: TRY301 - told like what the parser finds
            quotes.append(Quote(record, CommodityPrice.parse(record.value)))
        except ValueError as error:
            poison.append(Poison(record, "unreadable", str(error)))
    return quotes, poison


def dead_letter(poison: Poison, topic: str) -> Outgoing:
    """The record as it came, with the reason and where it came from in its headers; cut where it is too long."""
    record = poison.record
    return Outgoing(
        topic, *dead_letter_of(record._replace(headers=hops.append(record.headers, SERVICE)), poison.reason)
    )


def passed_on(headers: Mapping[str, bytes], visited: Iterable[hops.Hop]) -> dict[str, bytes]:
    """Headers of what is made from a record: its trace, and its hops with those ``visited`` since."""
    return hops.extend({**trace_passed_on(headers), hops.HEADER: headers.get(hops.HEADER, b"")}, visited)
