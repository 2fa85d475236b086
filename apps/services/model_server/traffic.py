"""Which version answers an input: pure arithmetic, so that it can be tested to the percent."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256

from model_server.settings import TrafficSettings

_STEPS = 10_000


class Variant(StrEnum):
    """Why a version answers."""

    CHAMPION = "champion"
    CANARY = "canary"
    AB = "ab"


def assign(
    traffic: TrafficSettings, symbols: Sequence[str], *, key: str | None, draw: float, has_challenger: bool
) -> list[Variant]:
    """The variant of each input of one request.

    A canary takes whole requests by lot. A/B goes by a key, so that who asks twice is answered by the same version:
    the caller's own, or else each input's symbol.

    Args:
        traffic: the shares.
        symbols: one per input.
        key: the caller's key for A/B.
        draw: a number drawn evenly from 0 to 1, 1 excluded.
        has_challenger: whether there is a version for canary and A/B.
    """
    if not has_challenger:
        return [Variant.CHAMPION] * len(symbols)
    if draw * 100 < traffic.canary_percent:
        return [Variant.CANARY] * len(symbols)
    if key is not None:
        return [_side(key, traffic)] * len(symbols)
    sides = {symbol: _side(symbol, traffic) for symbol in set(symbols)}
    return [sides[symbol] for symbol in symbols]


def _side(key: str, traffic: TrafficSettings) -> Variant:
    # What the canary leaves is all that A/B can share: the percentages are of all requests.
    rest = 100 - traffic.canary_percent
    bucket = int.from_bytes(sha256(key.encode()).digest()[:8]) % _STEPS / _STEPS * rest
    return Variant.AB if bucket < traffic.ab_percent else Variant.CHAMPION
