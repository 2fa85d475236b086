"""Keys that are asked for over the network: kept, renewed, and looked up anew when one is unknown."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import httpx

from servicekit.auth.jwks import Key
from servicekit.logs import get_logger

logger = get_logger(__name__)

FETCH_SECONDS = 3.0
"""How long an issuer gets to answer."""

_AGE_SECONDS = 300.0
_AGAIN_SECONDS = 10.0
_LEAST_SECONDS = 1.0


class KeysUnavailable(Exception):  # noqa: N818 - it is a state that is met, not a mistake
    """No key could be had so far; the message says from where, and why."""


class RemoteKeys(ABC):
    """The keys of one issuer; an issuer that cannot be reached leaves the keys known so far in force."""

    def __init__(self, place: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Know what to call the place of the keys; reads nothing yet."""
        self._place, self._clock = place, clock
        self._keys: list[Key] = []
        self._looked_at = float("-inf")
        self._told = ""
        self._lock = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    @abstractmethod
    async def _get(self) -> list[Key]:
        """Ask for the keys; may fail with ValueError, OSError or an error of httpx."""

    async def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key that a token names; where it names none, the only one for its algorithm.

        Raises:
            KeysUnavailable: no key was ever read.
        """
        found = self._match(key_id, algorithm)
        age = self._clock() - self._looked_at
        if found is None and (age > _AGAIN_SECONDS or not self._keys):
            # Perhaps the issuer has changed its keys; asked at most every ten seconds, since anyone can make one up.
            await self._fetch()
            found = self._match(key_id, algorithm)
        elif age > _AGE_SECONDS and (self._renewal is None or self._renewal.done()):
            # In the background: callers whose key is known need not wait for an issuer that is slow.
            self._renewal = asyncio.create_task(self._fetch())
        return found

    async def load(self) -> None:
        """Have keys, which are asked for where there are none.

        Raises:
            KeysUnavailable: there are none to be had.
        """
        if not self._keys:
            await self._fetch()

    def _match(self, key_id: str | None, algorithm: str) -> Key | None:
        fitting = [key for key in self._keys if algorithm in key.algorithms and key_id in (None, key.id)]
        return fitting[0] if len(fitting) == 1 or (fitting and key_id is not None) else None

    async def _fetch(self) -> None:
        asked = self._clock()
        async with self._lock:
            if self._looked_at >= asked or self._clock() - self._looked_at < _LEAST_SECONDS:
                if not self._keys:
                    raise KeysUnavailable(f"no keys from {self._place} yet")
                return
            try:
                self._keys, self._told = await self._get(), ""
            except (ValueError, OSError, httpx.HTTPError) as error:
                self._failed(self._place, error)
            finally:
                self._looked_at = self._clock()

    def _failed(self, place: str, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        if reason != self._told:
            self._told = reason
            logger.warning("the keys of the issuer cannot be read", place=place, reason=reason)
        if not self._keys:
            raise KeysUnavailable(f"no keys from {place}: {reason}") from error
