"""Where a record has been, and when: the header `hops` that every service on its way adds itself to."""

import re
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

HEADER = "hops"
MOST = 32
"""Entries kept at most; a record that goes in circles does not grow without end."""

_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MICROSECONDS = 1_000_000
_DIGITS = 18
"""Of an instant at most: int() refuses texts of thousands, and a record may hold anything."""


class Hop(NamedTuple):
    """One service that was done with a record.

    Attributes:
        service: its name.
        at: epoch microseconds by the clock of its machine.
    """

    service: str
    at: int


def append(headers: Mapping[str, bytes], service: str, at: int | None = None) -> dict[str, bytes]:
    """The headers with one more hop.

    Args:
        headers: of the record that was worked on.
        service: name of lower-case letters, digits and hyphens.
        at: epoch microseconds; now by default.

    Raises:
        ValueError: the service's name has another form.
    """
    return extend(headers, [Hop(service, int(time.time() * _MICROSECONDS) if at is None else at)])


def extend(headers: Mapping[str, bytes], visited: Iterable[Hop]) -> dict[str, bytes]:
    """The headers with several more hops, in the order given.

    Raises:
        ValueError: a service's name has another form.
    """
    hops = [*parse(headers), *visited]
    for hop in hops:
        if not _is_service(hop.service):
            raise ValueError(f"service {hop.service!r}: lower-case letters, digits and hyphens, at most 63")
    return {**headers, HEADER: ";".join([f"{hop.service}={hop.at}" for hop in hops[-MOST:]]).encode()}


def parse(headers: Mapping[str, bytes]) -> list[Hop]:
    """The hops of a record in the order in which they were added; entries of another form are left out."""
    hops = []
    for entry in headers.get(HEADER, b"").decode(errors="replace").split(";"):
        service, equals, at = entry.partition("=")
        if equals and _is_service(service) and at.isascii() and at.isdecimal() and len(at) <= _DIGITS:
            hops.append(Hop(service, int(at)))
    return hops


@lru_cache(maxsize=256)
def _is_service(name: str) -> bool:
    """Kept, since the same few names come with every record."""
    return _SERVICE.fullmatch(name) is not None
