"""Tokens whose signature was checked a moment ago: checking it again is what a request would cost most."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from servicekit.auth.jwks import Key
from servicekit.auth.principal import Principal
from servicekit.auth.trust import Trust

MOST_TOKENS = 4_096
"""Tokens kept; the one that was used longest ago goes first. Only what the issuer has signed gets in."""

MOST_SECONDS = 60.0
"""How long a token is kept at most, whatever its own end."""


@dataclass(frozen=True)
class Verified:
    """What a check of a token found.

    Attributes:
        trust: by whose rules it was checked.
        key_id: the key that its header names.
        algorithm: the algorithm that its header names.
        key: the very key that its signature was checked with; one that was read anew is another.
        principal: who holds it.
        begins_at: epoch seconds before which it is not valid, the leeway counted in.
        ends_at: epoch seconds of its end, to the letter: no leeway.
    """

    trust: Trust
    key_id: str | None
    algorithm: str
    key: Key
    principal: Principal
    begins_at: float
    ends_at: float


class VerifiedTokens:
    """The tokens that one authenticator has let in; what it has refused is never kept.

    Tokens are known by their SHA-256: who reads this process's memory finds none to use here.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time, timer: Callable[[], float] = time.monotonic) -> None:
        """Keep none yet; ``clock`` tells epoch seconds and ``timer`` seconds that never go back."""
        self._clock, self._timer = clock, timer
        self._kept: OrderedDict[bytes, tuple[Verified, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, token: str) -> Verified | None:
        """What is known of a token; None where it must be checked in full.

        Its times are looked at each time. That its key is still the issuer's is for the caller to see.
        """
        digest = _digest(token)
        verified, until = self._kept.get(digest, (None, 0.0))
        if verified is None:
            return None
        if self._timer() >= until or not verified.begins_at <= self._clock() < verified.ends_at:
            del self._kept[digest]
            return None
        self._kept.move_to_end(digest)
        return verified

    def keep(self, token: str, verified: Verified) -> None:
        """Remember a token that was checked in full; one past its end, let in by the leeway alone, is not kept."""
        if self._clock() >= verified.ends_at:
            return
        self._kept[_digest(token)] = verified, self._timer() + MOST_SECONDS
        if len(self._kept) > MOST_TOKENS:
            self._kept.popitem(last=False)

    def forget(self, token: str) -> None:
        """A token must be checked in full again."""
        self._kept.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
