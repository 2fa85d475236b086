"""The identity provider's public keys, from a file or a URL."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx

from servicekit.auth.jwks import Key, parse_jwks
from servicekit.auth.remote_keys import FETCH_SECONDS, RemoteKeys
from servicekit.auth.settings import AuthSettings


class KeyStore(RemoteKeys):
    """The keys of the identity provider; a file is read again when it changes."""

    def __init__(
        self,
        settings: AuthSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know where the keys are; reads nothing yet."""
        super().__init__(settings.jwks_url or "", clock)
        self._settings, self._transport = settings, transport
        self._stamp: tuple[int, int] | None = None

    async def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key that a token names; where it names none, the only one for its algorithm.

        Raises:
            KeysUnavailable: no key was ever read.
        """
        if self._settings.jwks_file is None:
            return await super().find(key_id, algorithm)
        self._read(self._settings.jwks_file)
        return self._match(key_id, algorithm)

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

    async def _get(self) -> list[Key]:
        async with httpx.AsyncClient(transport=self._transport, timeout=FETCH_SECONDS) as client:
            answer = await client.get(self._place)
        answer.raise_for_status()
        return parse_jwks(answer.content, self._settings.accepted)
