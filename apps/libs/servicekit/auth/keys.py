"""The issuer's public keys: read from a file or a URL, kept, and looked up anew when one is unknown."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt
import orjson

from servicekit.auth.settings import AuthSettings
from servicekit.logs import get_logger

logger = get_logger(__name__)

_ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "oct": ("HS256",),
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""Algorithms by kind of key: a public key must never be taken for a shared one, nor the other way round."""

_MOST_BYTES = 1 << 20
_LEAST_OCT_BYTES = 32
_FETCH_SECONDS = 3.0
_AGE_SECONDS = 300.0
_AGAIN_SECONDS = 10.0
_LEAST_SECONDS = 1.0


class KeysUnavailable(Exception):  # noqa: N818 - it is a state that is met, not a mistake
    """No key could be had so far; the message says from where, and why."""


class Key:
    """One key, and the algorithms that it is for."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """Read a JWK.

        Raises:
            ValueError: it is of an unknown kind, too short or damaged.
        """
        kind = str(parameters.get("kty"))
        if kind not in _ALGORITHMS:
            raise ValueError(f"kty {kind!r} is not one of {', '.join(_ALGORITHMS)}")
        self.id = str(parameters["kid"]) if "kid" in parameters else None
        named = parameters.get("alg")
        self.algorithms = frozenset(_ALGORITHMS[kind] if named is None else {named} & set(_ALGORITHMS[kind]))
        if not self.algorithms:
            raise ValueError(f"alg {named!r} does not fit kty {kind!r}")
        self.symmetric = kind == "oct"
        try:
            self.value: Any = jwt.PyJWK(dict(parameters), algorithm=next(iter(sorted(self.algorithms)))).key
        except jwt.PyJWTError as error:
            raise ValueError(f"the key is damaged: {error}") from None
        if self.symmetric and len(self.value) < _LEAST_OCT_BYTES:
            raise ValueError(f"a shared key of {len(self.value)} bytes; at least {_LEAST_OCT_BYTES}")


def parse_jwks(data: bytes, accepted: frozenset[str]) -> list[Key]:
    """The keys of a JWKS document that sign with an accepted algorithm; keys for encryption are left out.

    Raises:
        ValueError: it is no JWKS, or none of its keys can be used; says why.
    """
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{len(data)} bytes; at most {_MOST_BYTES}")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError('not a JWKS: it has no list "keys"')  # noqa: TRY004 - what is wrong is the document
    keys, reasons = [], []
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        try:
            key = Key(entry)
        except ValueError as error:
            reasons.append(str(error))
            continue
        if key.algorithms & accepted:
            keys.append(key)
    if not keys:
        told = f" ({'; '.join(reasons)})" if reasons else ""
        raise ValueError(f"no key for {', '.join(sorted(accepted))}{told}")
    return keys


class KeyStore:
    """The keys of one issuer; an issuer that cannot be reached leaves the keys known so far in force."""

    def __init__(
        self,
        settings: AuthSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know where the keys are; reads nothing yet."""
        self._settings, self._transport, self._clock = settings, transport, clock
        self._keys: list[Key] = []
        self._stamp: tuple[int, int] | None = None
        self._looked_at = float("-inf")
        self._told = ""
        self._lock = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key that a token names; where it names none, the only one for its algorithm.

        Raises:
            KeysUnavailable: no key was ever read.
        """
        if self._settings.jwks_file is not None:
            self._read(self._settings.jwks_file)
            return self._match(key_id, algorithm)
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

    def _match(self, key_id: str | None, algorithm: str) -> Key | None:
        fitting = [key for key in self._keys if algorithm in key.algorithms and key_id in (None, key.id)]
        return fitting[0] if len(fitting) == 1 or (fitting and key_id is not None) else None

    def _read(self, file: Path) -> None:
        try:
            status = file.stat()
            stamp = status.st_mtime_ns, status.st_ino
            if stamp == self._stamp:
                return
            self._keys = parse_jwks(file.read_bytes(), self._settings.accepted)
            self._stamp, self._told = stamp, ""
        except (OSError, ValueError) as error:
            self._failed(str(file), error)

    async def _fetch(self) -> None:
        url = self._settings.jwks_url or ""
        asked = self._clock()
        async with self._lock:
            if self._looked_at >= asked or self._clock() - self._looked_at < _LEAST_SECONDS:
                if not self._keys:
                    raise KeysUnavailable(f"no keys from {url} yet")
                return
            try:
                async with httpx.AsyncClient(transport=self._transport, timeout=_FETCH_SECONDS) as client:
                    answer = await client.get(url)
                answer.raise_for_status()
                self._keys, self._told = parse_jwks(answer.content, self._settings.accepted), ""
            except (ValueError, httpx.HTTPError) as error:
                self._failed(url, error)
            finally:
                self._looked_at = self._clock()

    def _failed(self, place: str, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        if reason != self._told:
            self._told = reason
            logger.warning("the keys of the issuer cannot be read", place=place, reason=reason)
        if not self._keys:
            raise KeysUnavailable(f"no keys from {place}: {reason}") from error
