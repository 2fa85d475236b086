"""How a service shows who it is to another: a token from a file, or one made with the shared key of local."""

import os
import time
from collections.abc import Callable
from uuid import uuid4

import jwt

from servicekit.auth.jwks import parse_jwks
from servicekit.auth.principal import ALL_TENANTS
from servicekit.auth.settings import AuthSettings

LIFE_SECONDS = 300
"""How long a token that a service makes for itself lasts."""

_EARLY_SECONDS = 60


class NoToken(Exception):  # noqa: N818 - it is a state that is met, not a mistake
    """This service has no way to show who it is; the message says which setting is missing."""


class TokenSource:
    """Gives the token for calls to other services; safe to ask for each call."""

    def __init__(self, settings: AuthSettings, *, service: str, clock: Callable[[], float] = time.time) -> None:
        """Show a service's name; reads nothing yet."""
        self._settings, self._service, self._clock = settings, service, clock
        self._stamp: tuple[int, int] | None = None
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        """A token that is valid now.

        Raises:
            NoToken: there is no token file, and no shared key to make one with.
        """
        try:
            return self._read() if self._settings.token_file else self._mint()
        except (OSError, ValueError) as error:
            raise NoToken(f"{self._service} cannot show who it is: {error}") from error

    def _read(self) -> str:
        file = self._settings.token_file
        if file is None:
            raise ValueError("token_file is not set")
        status = file.stat()
        stamp = status.st_mtime_ns, status.st_ino
        if stamp != self._stamp:
            self._token, self._stamp = file.read_text().strip(), stamp
        if not self._token:
            raise ValueError(f"{os.fspath(file)} is empty")
        return self._token

    def _mint(self) -> str:
        now = self._clock()
        if now < self._until:
            return self._token
        file = self._settings.jwks_file
        if file is None or not self._settings.symmetric:
            raise ValueError("set token_file to the file of its token")
        key = next((key for key in parse_jwks(file.read_bytes(), frozenset({"HS256"})) if key.symmetric), None)
        if key is None:
            raise ValueError(f"{os.fspath(file)} has no shared key; set token_file to the file of its token")
        claims = {
            "iss": self._settings.issuer,
            "aud": self._settings.audience,
            "sub": f"service:{self._service}",
            "roles": ["service"],
            "tenants": [ALL_TENANTS],
            "iat": int(now),
            "exp": int(now) + LIFE_SECONDS,
            "jti": uuid4().hex,
        }
        headers = {"kid": key.id} if key.id else None
        self._token = jwt.encode(claims, key.value, algorithm="HS256", headers=headers)
        self._until = now + LIFE_SECONDS - _EARLY_SECONDS
        return self._token
