"""Whose tokens count: the identity provider's, and the cluster's own for its workloads."""

from collections.abc import Iterable
from typing import Any, Protocol

from servicekit.auth.cluster import ALGORITHMS, ClusterKeys
from servicekit.auth.jwks import Key
from servicekit.auth.keys import KeyStore
from servicekit.auth.principal import ALL_TENANTS, Principal
from servicekit.auth.refusal import Refused, invalid
from servicekit.auth.settings import AuthSettings

_MOST_NAMES = 64


class Trust(Protocol):
    """One issuer: what its tokens must be like, and who their holders are here."""

    @property
    def issuer(self) -> str:
        """What `iss` must be."""

    @property
    def audience(self) -> str:
        """What `aud` must hold."""

    @property
    def accepted(self) -> frozenset[str]:
        """Algorithms that count."""

    async def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key of this issuer, and of no other, that a token names.

        Raises:
            KeysUnavailable: no key was ever read.
        """

    def principal(self, claims: dict[str, Any]) -> Principal:
        """Who holds a token whose signature, times, issuer and audience are right.

        Raises:
            Refused: its other claims are not, or it may not come here.
        """


class IdentityProvider:
    """Tokens of people and partners, and of services where they sign their own: who they are stands in them."""

    def __init__(self, settings: AuthSettings, keys: KeyStore) -> None:
        """Trust an issuer by its keys."""
        self._keys = keys
        self.issuer, self.audience, self.accepted = settings.issuer, settings.audience, settings.accepted

    async def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key that a token names."""
        return await self._keys.find(key_id, algorithm)

    def principal(self, claims: dict[str, Any]) -> Principal:
        """Who the token says."""
        return _principal(claims)


class Workloads:
    """Tokens of the cluster for its service accounts: who may call is listed, and is a service of the platform."""

    accepted = ALGORITHMS

    def __init__(self, settings: AuthSettings, keys: ClusterKeys) -> None:
        """Trust the cluster by its API server."""
        self._keys, self._subjects = keys, settings.workload_subjects
        self.audience = settings.workloads_audience or ""

    @property
    def issuer(self) -> str:
        """What the API server says it is; empty before it was asked."""
        return self._keys.issuer

    async def load(self) -> None:
        """Know issuer and keys.

        Raises:
            KeysUnavailable: the API server was never reached.
        """
        await self._keys.load()

    async def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key that a token names."""
        return await self._keys.find(key_id, algorithm)

    def principal(self, claims: dict[str, Any]) -> Principal:
        """A service that sees every tenant, whatever else the token says."""
        found = _principal({name: claims[name] for name in ("sub", "exp")})
        if found.subject not in self._subjects:
            raise Refused(403, "insufficient_scope", "this workload is none of those that may call")
        return Principal(found.subject, frozenset({"service"}), frozenset({ALL_TENANTS}), found.expires_at)


def _principal(claims: dict[str, Any]) -> Principal:
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject:
        raise invalid("its sub is empty")
    tenants = _names(claims, "tenants") | ({claims["tenant"]} if isinstance(claims.get("tenant"), str) else set())
    try:
        expires_at = float(claims["exp"])
    except OverflowError:
        raise invalid("its exp is beyond every date") from None
    return Principal(subject, _names(claims, "roles"), frozenset(tenants - {""}), expires_at)


def _names(claims: dict[str, Any], claim: str) -> frozenset[str]:
    names: Any = claims.get(claim, [])
    if not isinstance(names, Iterable) or isinstance(names, str | dict) or len(list(names)) > _MOST_NAMES:
        raise invalid(f"its {claim} must be a list of at most {_MOST_NAMES} names")
    return frozenset(name for name in names if isinstance(name, str) and name)
