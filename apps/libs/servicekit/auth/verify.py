"""From a bearer token to a principal, or to a refusal that says why."""

import jwt
import orjson

from servicekit.auth.cluster import ClusterKeys
from servicekit.auth.jwks import Key
from servicekit.auth.keys import KeyStore
from servicekit.auth.principal import Principal
from servicekit.auth.refusal import Refused, invalid
from servicekit.auth.remote_keys import KeysUnavailable
from servicekit.auth.settings import AuthSettings
from servicekit.auth.trust import IdentityProvider, Trust, Workloads
from servicekit.auth.verified import Verified, VerifiedTokens

_MOST_CHARACTERS = 8192


class Authenticator:
    """Checks tokens of the identity provider and, where that is set, of the cluster for its workloads.

    Each issuer has its own keys, algorithms and audience: a token is held to those of the one that it names. A
    signature is checked once a minute at most for each token; its times, and that its key is still the issuer's, with
    each request. What is known of a token is this authenticator's own: another issuer or audience never sees it.
    """

    def __init__(
        self,
        settings: AuthSettings,
        *,
        keys: KeyStore | None = None,
        cluster: ClusterKeys | None = None,
        verified: VerifiedTokens | None = None,
    ) -> None:
        """Check by settings; reads no key yet."""
        self._leeway = settings.leeway_seconds
        self._provider = IdentityProvider(settings, keys or KeyStore(settings))
        trusts_cluster = settings.workloads_api_url is not None
        self._workloads = Workloads(settings, cluster or ClusterKeys(settings)) if trusts_cluster else None
        self._verified = VerifiedTokens() if verified is None else verified

    async def authenticate(self, token: str | None) -> Principal:
        """Who holds a token.

        Raises:
            Refused: it is missing, damaged, expired, signed by another, or not for this platform.
        """
        if not token:
            raise Refused(401, None, "a bearer token is needed")
        if len(token) > _MOST_CHARACTERS:
            raise invalid(f"the token has {len(token)} characters; at most {_MOST_CHARACTERS}")
        if not token.isascii():
            raise invalid("it is no JSON web token")
        if known := self._verified.find(token):
            if await _key(known.trust, known.key_id, known.algorithm) is known.key:
                return known.principal
            self._verified.forget(token)
        verified = await self._check(token)
        self._verified.keep(token, verified)
        return verified.principal

    async def _check(self, token: str) -> Verified:
        trust = await self._trust(token)
        key_id, algorithm = _header(token, trust.accepted)
        key = await _key(trust, key_id, algorithm)
        if key is None:
            raise invalid("no key of the issuer has signed it")
        try:
            claims = jwt.decode(
                token,
                key.value,
                # One algorithm, and one that fits the key's kind: the header alone decides nothing.
                algorithms=[algorithm],
                audience=trust.audience,
                issuer=trust.issuer,
                leeway=self._leeway,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise invalid(_reason(error)) from None
        # As the library reads them: in whole seconds.
        begins = max(int(claims.get(claim, 0)) for claim in ("nbf", "iat")) - self._leeway
        return Verified(trust, key_id, algorithm, key, trust.principal(claims), begins, int(claims["exp"]))

    async def _trust(self, token: str) -> Trust:
        """By whose rules a token is checked: the cluster's where it names the cluster, else the provider's."""
        issuer = _named_issuer(token) if self._workloads else None
        if self._workloads is None or issuer in (None, self._provider.issuer):
            return self._provider
        try:
            await self._workloads.load()
        except KeysUnavailable as error:
            raise _unavailable() from error
        return self._workloads if issuer == self._workloads.issuer else self._provider


async def _key(trust: Trust, key_id: str | None, algorithm: str) -> Key | None:
    try:
        return await trust.find(key_id, algorithm)
    except KeysUnavailable as error:
        raise _unavailable() from error


def _unavailable() -> Refused:
    return Refused(503, "unavailable", "tokens cannot be checked right now")


def _header(token: str, accepted: frozenset[str]) -> tuple[str | None, str]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise invalid("it is no JSON web token") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    # Of another type it could not even be looked for.
    if not isinstance(algorithm, str) or algorithm not in accepted:
        raise invalid(f"it is not signed with one of {', '.join(sorted(accepted))}")
    return (key_id if isinstance(key_id, str) else None), algorithm


def _named_issuer(token: str) -> str | None:
    """The `iss` that a token claims, of which nothing is checked yet; None where it claims none."""
    try:
        claims = orjson.loads(jwt.utils.base64url_decode(token.split(".")[1]))
    except (IndexError, ValueError):
        return None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None


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
