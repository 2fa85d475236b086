"""An identity provider for tests: tokens that are sound, and one of each kind that is not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from servicekit.auth import AuthSettings

ISSUER = "https://identity.test"
AUDIENCE = "analytics-platform"
PUBLIC = frozenset({"/healthz", "/readyz", "/metrics", "/"})
"""Paths that need no token."""


class BadToken(NamedTuple):
    """A request that must be turned away."""

    name: str
    headers: dict[str, str]
    status: int


class Issuer:
    """Signs tokens with an elliptic-curve key of its own; its public key lies in a file, as a service is given it."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._stranger = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "jwks.json"
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))
        self.file.write_text(json.dumps({"keys": [{**public, "kid": "k1", "use": "sig", "alg": "ES256"}]}))
        self.settings = AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_file=self.file)

    def environment(self, prefix: str) -> dict[str, str]:
        """Variables of a service that accepts these tokens."""
        return {
            f"{prefix}AUTH_ISSUER": ISSUER,
            f"{prefix}AUTH_AUDIENCE": AUDIENCE,
            f"{prefix}AUTH_JWKS_FILE": str(self.file),
        }

    def token(self, role: str = "analyst", tenant: str = "platform", **claims: Any) -> str:
        """A sound token, or one with other claims; a claim that is None is left out."""
        return jwt.encode(self._claims(role, tenant, **claims), self._key, "ES256", {"kid": "k1"})

    def headers(self, role: str = "analyst", tenant: str = "platform", **claims: Any) -> dict[str, str]:
        """The header of a request with a sound token, or one with other claims."""
        return {"authorization": f"Bearer {self.token(role, tenant, **claims)}"}

    def bad(self, *, low_role: str = "auditor") -> list[BadToken]:
        """One request of each kind that must be turned away, whatever it asks for.

        Args:
            low_role: a role of the catalog that may not use the service.
        """
        head, claims, signature = self.token().split(".")
        unsigned = jwt.encode(self._claims("steward", "platform"), None, "none")
        strange = jwt.encode(self._claims("steward", "platform"), self._stranger, "ES256", {"kid": "k1"})
        # A public key taken for a shared one: who knows it, and all do, could sign with it.
        confused = jwt.encode(self._claims("steward", "platform"), "x" * 64, "HS256", {"kid": "k1"})
        bearers = {
            "expired": self.token(exp=int(time.time()) - 3600),
            "without an expiry": self.token(exp=None),
            "not valid yet": self.token(nbf=int(time.time()) + 3600),
            "bad signature": f"{head}.{claims}.{signature[:-8]}AAAAAAAA",
            "signed by a stranger": strange,
            "alg none": unsigned,
            "another algorithm": confused,
            "a list as algorithm": f"{_encoded({'alg': ['ES256'], 'kid': 'k1'})}.{claims}.{signature}",
            "a map as algorithm": f"{_encoded({'alg': {}, 'kid': 'k1'})}.{claims}.{signature}",
            "an expiry beyond every number": self.token(exp=10**400),
            "wrong audience": self.token(aud="somebody-else"),
            "wrong issuer": self.token(iss="https://identity.elsewhere"),
            "no subject": self.token(sub=None),
            "not a token": "abc.def",
        }
        return [
            BadToken("no token", {}, 401),
            BadToken("another scheme", {"authorization": "Basic YTpi"}, 401),
            *(BadToken(name, {"authorization": f"Bearer {text}"}, 401) for name, text in bearers.items()),
            BadToken("low role", self.headers(role=low_role), 403),
        ]

    def _claims(self, role: str, tenant: str, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": f"{role}@{tenant}",
            "roles": [role],
            "tenants": [tenant],
            "iat": now,
            "exp": now + 600,
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}


def _encoded(part: dict[str, Any]) -> str:
    return jwt.utils.base64url_encode(json.dumps(part).encode()).decode()


def guarded_routes(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Method and path of each operation of an OpenAPI document that needs a token; parameters are filled in."""
    for path, operations in document["paths"].items():
        if path not in PUBLIC:
            for method in operations.keys() & {"get", "put", "post", "delete", "patch"}:
                yield method.upper(), re.sub(r"\{\w+\}", "x", path)


async def let_in(
    client: httpx.AsyncClient, document: Mapping[str, Any], issuer: Issuer, *, low_role: str = "auditor"
) -> list[str]:
    """What is wrong: every route with every bad token that was not turned away as it must be; none when all is well."""
    wrong = []
    for method, path in guarded_routes(document):
        for bad in issuer.bad(low_role=low_role):
            answer = await client.request(method, path, headers=bad.headers, json={} if method != "GET" else None)
            problem = answer.headers.get("content-type") == "application/problem+json"
            challenged = answer.headers.get("www-authenticate", "").startswith("Bearer")
            if answer.status_code != bad.status or not problem or not challenged:
                wrong.append(f"{method} {path} with {bad.name}: {answer.status_code} and not {bad.status}")
    return wrong
