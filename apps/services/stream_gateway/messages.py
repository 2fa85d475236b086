"""What client and gateway say to each other besides the records; described in README.md."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Place = tuple[str, int]
"""Topic and partition."""

Reason = Literal["slow", "expired", "too-far", "ahead"]
"""Why records are missing: the client was too slow; Kafka keeps them no longer; more than a resume may ask for; or the
offset lies beyond what was ever written."""

MOST_SYMBOLS = 1_000
MOST_CHARACTERS = 65_536
_LAST_OFFSET = 2**63 - 2


class Invalid(Exception):  # noqa: N818 - it is an answer, not a mistake
    """What a client asked for cannot be had; the message says why, and what can."""


class Subscription(BaseModel):
    """What a client wants to see."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    topics: list[str] | None = Field(
        default=None, min_length=1, max_length=100, description="Topics; all that the client may read by default."
    )
    symbols: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_SYMBOLS,
        description="Keys, or the first column of keys of several; every record by default.",
    )
    resume: dict[str, dict[str, int]] = Field(
        default_factory=dict,
        description="Last offset that the client has, by topic and partition; the stream goes on after it.",
    )


class _ClientMessage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    subscribe: Subscription


def parse_client_message(data: str | bytes) -> Subscription:
    """What a client wants.

    Raises:
        Invalid: the message is no JSON or of another form; says where.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"not JSON: {error}") from None
    try:
        return _ClientMessage.model_validate(document).subscribe
    except ValidationError as error:
        raise Invalid(_told(error)) from None


def subscription(**wanted: Any) -> Subscription:
    """A subscription of its parts.

    Raises:
        Invalid: one is of another form; says which.
    """
    try:
        return Subscription.model_validate(wanted)
    except ValidationError as error:
        raise Invalid(_told(error)) from None


def parse_resume(text: str) -> dict[str, dict[str, int]]:
    """Last offsets by topic and partition, as JSON in a query or in ``Last-Event-ID``.

    Raises:
        Invalid: it is of another form.
    """
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        # ValueError is more than what JSON's own error says: a number of more digits than Python reads.
        raise Invalid(f"resume is not JSON: {error}") from None
    return subscription(resume=found).resume


def last_offsets(resume: Mapping[str, Mapping[str, int]]) -> dict[Place, int]:
    """The last offset that a client has of each partition.

    Raises:
        Invalid: a partition or offset is no number that Kafka knows.
    """
    found = {}
    for topic, partitions in resume.items():
        for partition, offset in partitions.items():
            if not (partition.isascii() and partition.isdecimal() and len(partition) < 10):
                raise Invalid(f"resume.{topic}: {partition!r} is no partition")
            if not -1 <= offset <= _LAST_OFFSET:
                raise Invalid(f"resume.{topic}.{partition} = {offset}: -1 (nothing yet) or the last offset received")
            found[topic, int(partition)] = offset
    return found


def chosen(subscription: Subscription, allowed: Sequence[str]) -> list[str]:
    """The topics of a subscription, each of which the client may read.

    Raises:
        Invalid: one is not for this client, or none is; whether it exists is not told.
    """
    topics = list(dict.fromkeys(subscription.topics or allowed))
    have = f"there are {', '.join(allowed)}" if allowed else "there are none for your tenants"
    for topic in [*topics, *subscription.resume]:
        if topic not in allowed:
            raise Invalid(f"topic {topic[:200]!r} is not one that you may read; {have}")
    if not topics:
        raise Invalid(f"no topic that you may read; {have}")
    return topics


def nested(places: Mapping[Place, int]) -> dict[str, dict[str, int]]:
    """Offsets by topic and partition, as they stand in messages and in `resume`."""
    found: dict[str, dict[str, int]] = {}
    for (topic, partition), offset in sorted(places.items()):
        found.setdefault(topic, {})[str(partition)] = offset
    return found


def subscribed(topics: Collection[str], symbols: Collection[str] | None, last: Mapping[Place, int]) -> bytes:
    """The answer to a subscription: from where on the client will see every record."""
    return orjson.dumps(
        {
            "subscribed": {
                "topics": sorted(topics),
                "symbols": None if symbols is None else sorted(symbols),
                "position": nested(last),
            }
        }
    )


def gap(missing: Mapping[Place, tuple[int, int]], reason: Reason) -> bytes:
    """Records that the client will not see: first and last offset by partition."""
    return orjson.dumps(
        {
            "gap": {
                "reason": reason,
                "missing": [
                    {"topic": topic, "partition": partition, "first": first, "last": last}
                    for (topic, partition), (first, last) in sorted(missing.items())
                ],
            }
        }
    )


def closing(code: int, reason: str, last: Mapping[Place, int]) -> bytes:
    """The stream ends; `resume` is what the next subscription may carry."""
    return orjson.dumps({"closing": {"code": code, "reason": reason, "resume": nested(last)}})


def refused(reason: str) -> bytes:
    """What the client asked for cannot be had."""
    return orjson.dumps({"error": {"message": reason}})


def _told(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc']) or 'message'}: {one['msg']}" for one in error.errors()[:5]
    )
