"""From a bearer token to a principal, or to a refusal that says why."""

from collections.abc import Iterable
from typing import Any, Literal

import jwt

from servicekit.auth.keys import Key, KeyStore, KeysUnavailable
from servicekit.auth.principal import Principal
from servicekit.auth.settings import AuthSettings
from servicekit.auth.verified import Verified, VerifiedTokens

_MOST_CHARACTERS = 8192
_MOST_NAMES = 64

Code = Literal["invalid_request", "invalid_token", "insufficient_scope", "unavailable"]


class Refused(Exception):  # noqa: N818 - it is an answer, not a mistake
    """A caller is turned away.

    Attributes:
        status: 401 where the token is at fault, 403 where it is sound and does not allow this, 503 without keys.
        code: the error of RFC 6750; None where there was no token at all.
        reason: why, for the caller; nothing of the token is in it.
    """

    def __init__(self, status: int, code: Code | None, reason: str) -> None:
        """Turn away with a status of HTTP."""
        super().__init__(reason)
        self.status, self.code, self.reason = status, code, reason

    @property
    def challenge(self) -> str:
        """The header `WWW-Authenticate` that belongs to it."""
        if self.code is None:
            return "Bearer"
        return f'Bearer error="{self.code}", error_description="{self.reason}"'


class Authenticator:
    """Checks tokens of one issuer.

    A signature is checked once a minute at most for each token; its times, and that its key is still the issuer's, with
    each request. What is known of a token is this authenticator's own: another issuer or audience never sees it.
    """

    def __init__(
        self, settings: AuthSettings, *, keys: KeyStore | None = None, verified: VerifiedTokens | None = None
    ) -> None:
        """Check by settings; reads no key yet."""
        self._settings = settings
        self._keys = keys or KeyStore(settings)
        self._verified = VerifiedTokens() if verified is None else verified

    async def authenticate(self, token: str | None) -> Principal:
        """Who holds a token.

        Raises:
            Refused: it is missing, damaged, expired, signed by another, or not for this platform.
        """
        if not token:
            raise Refused(401, None, "a bearer token is needed")
        if len(token) > _MOST_CHARACTERS:
            raise _invalid(f"the token has {len(token)} characters; at most {_MOST_CHARACTERS}")
        if not token.isascii():
            raise _invalid("it is no JSON web token")
        if known := self._verified.find(token):
            if await self._key(known.key_id, known.algorithm) is known.key:
                return known.principal
            self._verified.forget(token)
        verified = await self._check(token)
        self._verified.keep(token, verified)
        return verified.principal

    async def _check(self, token: str) -> Verified:
        key_id, algorithm = self._header(token)
        key = await self._key(key_id, algorithm)
        if key is None:
            raise _invalid("no key of the issuer has signed it")
        leeway = self._settings.leeway_seconds
        try:
            claims = jwt.decode(
                token,
                key.value,
                # One algorithm, and one that fits the key's kind: the header alone decides nothing.
                algorithms=[algorithm],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=leeway,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise _invalid(_reason(error)) from None
        # As the library reads them: in whole seconds.
        begins = max(int(claims.get(claim, 0)) for claim in ("nbf", "iat")) - leeway
        return Verified(key_id, algorithm, key, _principal(claims), begins, int(claims["exp"]))

    async def _key(self, key_id: str | None, algorithm: str) -> Key | None:
        try:
            return await self._keys.find(key_id, algorithm)
        except KeysUnavailable as error:
            raise Refused(503, "unavailable", "tokens cannot be checked right now") from error

    def _header(self, token: str) -> tuple[str | None, str]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise _invalid("it is no JSON web token") from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        # Of another type it could not even be looked for.
        if not isinstance(algorithm, str) or algorithm not in self._settings.accepted:
            raise _invalid(f"it is not signed with one of {', '.join(sorted(self._settings.accepted))}")
        return (key_id if isinstance(key_id, str) else None), algorithm


def bearer(header: str | None) -> str | None:
    """The token of an `Authorization` header; None where there is no header.

    Raises:
        Refused: the header is of another scheme.
    """
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(401, "invalid_request", "the Authorization header must be: Bearer <token>")
    return token.strip()


def _invalid(reason: str) -> Refused:
    return Refused(401, "invalid_token", reason)


def _reason(error: jwt.PyJWTError) -> str:
    """Why, without a word of the token: its claims may be anything."""
    known: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
        (jwt.ExpiredSignatureError, "it has expired"),
        (jwt.ImmatureSignatureError, "it is not valid yet"),
        (jwt.InvalidAudienceError, "it is for another audience"),
        (jwt.InvalidIssuerError, "it is of another issuer"),
        (jwt.MissingRequiredClaimError, "it lacks one of exp, iss, aud, sub"),
        (jwt.InvalidSignatureError, "its signature is wrong"),
    )
    return next((reason for kind, reason in known if isinstance(error, kind)), "it is not valid")


def _principal(claims: dict[str, Any]) -> Principal:
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject:
        raise _invalid("its sub is empty")
    tenants = _names(claims, "tenants") | ({claims["tenant"]} if isinstance(claims.get("tenant"), str) else set())
    try:
        expires_at = float(claims["exp"])
    except OverflowError:
        raise _invalid("its exp is beyond every date") from None
    return Principal(subject, _names(claims, "roles"), frozenset(tenants - {""}), expires_at)


def _names(claims: dict[str, Any], claim: str) -> frozenset[str]:
    names: Any = claims.get(claim, [])
    if not isinstance(names, Iterable) or isinstance(names, str | dict) or len(list(names)) > _MOST_NAMES:
        raise _invalid(f"its {claim} must be a list of at most {_MOST_NAMES} names")
    return frozenset(name for name in names if isinstance(name, str) and name)
