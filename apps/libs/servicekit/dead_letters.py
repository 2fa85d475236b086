"""Records that cannot be worked on: kept where people find them, with the reason, so that the others go on."""

from collections.abc import Mapping
from typing import NamedTuple

from servicekit.records import Record
from servicekit.redact import redact_text

REASON_LIMIT = 1000
"""Characters of a reason that are kept: it travels in a header."""

VALUE_LIMIT = 512 * 1024
KEY_LIMIT = HEADERS_LIMIT = 64 * 1024
"""Bytes of a record that its dead letter keeps. A client refuses what is above 1,000,000 bytes with key and headers
(librdkafka's message.max.bytes); a record of nearly that size was not refused, but with the headers added here it would
be, and nothing would come past it any more."""


class DeadLetter(NamedTuple):
    """What is written of a record that cannot be worked on."""

    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


def dead_letter_of(record: Record, reason: str) -> DeadLetter:
    """A record as it came, with headers that say why it is here and where it came from.

    What is too long is cut, and headers say of it how long it was: `truncated` of the value, `truncated-key` of the
    key, and `truncated-headers` of the record's own headers, which are left out then.

    Args:
        record: what cannot be worked on.
        reason: why, for people; secrets in it are masked.
    """
    told = {
        "reason": redact_text(reason)[:REASON_LIMIT].encode(),
        "topic": record.topic.encode(),
        "partition": str(record.partition).encode(),
        "offset": str(record.offset).encode(),
    }
    key, value, headers = record.key, record.value, record.headers
    if value is not None and len(value) > VALUE_LIMIT:
        told["truncated"], value = _size(len(value)), value[:VALUE_LIMIT]
    if key is not None and len(key) > KEY_LIMIT:
        told["truncated-key"], key = _size(len(key)), key[:KEY_LIMIT]
    if (length := _length(headers)) > HEADERS_LIMIT:
        told["truncated-headers"], headers = _size(length), {}
    return DeadLetter(key, value, {**headers, **told})


def _length(headers: Mapping[str, bytes]) -> int:
    return sum(len(name.encode()) + len(value) for name, value in headers.items())


def _size(length: int) -> bytes:
    return str(length).encode()
