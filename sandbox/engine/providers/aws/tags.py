"""The tags that say which resource an AWS thing belongs to, and the user's tags beside them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from sandbox.engine.values import UNKNOWN, Json

URN_TAG: Final = "platform:urn"
"""The tag that names the resource which a thing was created for."""

NONCE_TAG: Final = "platform:nonce"
"""The tag that names the attempt which created a thing."""

_READABLE: Final = 200
"""Characters of the URN kept readable in its tag; a tag value has at most 256, and the digest needs its share."""


def urn_mark(urn: str) -> str:
    """Return the tag value for a URN: its end, in the characters that tag values allow, and a digest of all of it."""
    digest = hashlib.sha256(urn.encode()).hexdigest()[:32]
    return f"{re.sub(r'[^A-Za-z0-9 _.:/=+@-]', '_', urn)[-_READABLE:]}/{digest}"


def marks(urn: str, nonce: str) -> dict[str, str]:
    """Return the tags that a creation carries."""
    return {URN_TAG: urn_mark(urn), NONCE_TAG: nonce}


def without_marks(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that users set."""
    return {key: value for key, value in tags.items() if key not in (URN_TAG, NONCE_TAG)}


def own_tags(live: Mapping[str, str], wanted: Mapping[str, Json], defaults: Mapping[str, str]) -> dict[str, str]:
    """Return those live tags that the resource itself, not the provider's defaults, accounts for."""
    return {key: value for key, value in live.items() if key in wanted or defaults.get(key) != value}


def all_tags(own: Json, defaults: Mapping[str, str]) -> Json:
    """Return the provider's default tags overlaid with the resource's; `UNKNOWN` when the resource's are."""
    return UNKNOWN if own is UNKNOWN else {**defaults, **(own or {})}


def pairs(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Return tags as the list of pairs that most services ask for."""
    return [{key: name, value: text} for name, text in tags.items()]


def unpaired(tags: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Return a list of pairs as a map."""
    return {tag[key]: tag[value] for tag in tags}
