"""Spans of records on Kafka: one for a batch, however many records it has, with links to what made them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, islice

from opentelemetry.trace import INVALID_SPAN_CONTEXT, Span, SpanKind
from opentelemetry.util.types import AttributeValue

from servicekit.tracing import of_record, span

MOST_LINKS = 128
"""Links of a span at most: OpenTelemetry's own limit, so that none is made for nothing."""


@contextmanager
def processing(
    topics: Collection[str], count: int, headers: Iterable[Mapping[str, bytes]], *, group: str | None = None
) -> Iterator[Span]:
    """Work on a batch of records; its span links to what made them, for the first 128 of them.

    A single record's maker is the parent as well, so that one trace goes all the way; a batch has a trace of its own,
    since no trace of one record is that of the others.

    Args:
        topics: where the records lay.
        count: records of the batch.
        headers: of each record, made only as far as they are looked at: best a generator.
        group: consumer group, where there is one.
    """
    each = iter(headers)
    alone = list(islice(each, 1)) if count == 1 else []
    parent = of_record(alone[0]) if alone else INVALID_SPAN_CONTEXT
    attributes = _attributes("process", topics, count)
    if group is not None:
        attributes["messaging.consumer.group.name"] = group
    with span(_name("process", topics), SpanKind.CONSUMER, attributes, parent=parent) as made:
        # Of a span that nobody records, the links are not worth the reading of headers.
        if made.is_recording():
            for maker in map(of_record, chain(alone, islice(each, min(count, MOST_LINKS) - len(alone)))):
                if maker.is_valid:
                    made.add_link(maker)
        yield made


def sending(topics: Collection[str], count: int, *, makes: bool) -> AbstractContextManager[Span]:
    """Write a batch of records.

    Args:
        topics: where to.
        count: records of the batch.
        makes: whether this span is what makes the records, and their headers name it; otherwise they name what made
            the records that they were made from.
    """
    kind = SpanKind.PRODUCER if makes else SpanKind.CLIENT
    return span(_name("send", topics), kind, _attributes("send", topics, count))


def _name(operation: str, topics: Collection[str]) -> str:
    return f"{operation} {next(iter(topics))}" if len(topics) == 1 else operation


def _attributes(operation: str, topics: Collection[str], count: int) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.batch.message_count": count,
    }
    if len(topics) == 1:
        attributes["messaging.destination.name"] = next(iter(topics))
    return attributes
