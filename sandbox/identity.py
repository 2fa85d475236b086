"""The sandbox's own identity: tokens signed with the key that the deployed services check tokens by."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.control_plane.api_client import ApiClient
from sandbox.errors import SandboxError

SECRET = "platform-identity"  # noqa: S105 - the name of a Secret
KEY_SET = "jwks.json"
Object = dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """Who signs tokens for what is deployed.

    Attributes:
        issuer: Who the services expect a token from.
        audience: Who it is to be for.
        key: The symmetric key (RFC 7517).
    """

    issuer: str
    audience: str
    key: Object

    @classmethod
    def of(cls, client: ApiClient, *, where: str = "") -> Identity:
        """That of a sandbox.

        Args:
            client: An administrator of it.
            where: What the sandbox is called, for the message.

        Raises:
            SandboxError: What is deployed has no identity, or no key to sign with.
        """
        secrets = client.get(f"/api/v1/secrets?fieldSelector=metadata.name%3D{SECRET}")["items"]
        if not secrets:
            raise SandboxError(
                f"nothing that is deployed has a Secret {SECRET}: there is no key to sign a token with",
                where=where,
                fix="deploy the stack first: sandbox up; where there is an identity provider, ask that for tokens",
            )
        issuer, audience = expected(client.get("/api/v1/pods")["items"])
        return cls(issuer, audience, signing_key(base64.b64decode(secrets[0]["data"][KEY_SET])))

    def claims(self, subject: str, roles: list[str], seconds: int, **more: Any) -> Object:
        """What a token says that is good from now on.

        Args:
            subject: Who bears it.
            roles: Their roles.
            seconds: How long it is good.
            more: Further claims.
        """
        now = int(time.time())
        said = {"iss": self.issuer, "aud": self.audience, "sub": subject, "roles": roles}
        return {**said, **more, "iat": now, "exp": now + seconds}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The token."""
        return sign(claims, self.key)


def expected(pods: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """Issuer and audience that the deployed services ask of a token, from their variables.

    Raises:
        SandboxError: No pod asks for any.
    """
    for pod in pods:
        for container in pod["spec"]["containers"]:
            told = {each["name"]: each.get("value") for each in container.get("env") or []}
            issuer = next((told[name] for name in told if name.endswith("AUTH_ISSUER")), None)
            audience = next((told[name] for name in told if name.endswith("AUTH_AUDIENCE")), None)
            if issuer and audience:
                return issuer, audience
    raise SandboxError(
        "no pod that is deployed asks for tokens: none has variables ...AUTH_ISSUER and ...AUTH_AUDIENCE",
        fix="deploy the stack first: sandbox up",
    )


def signing_key(key_set: bytes) -> Object:
    """The symmetric key of a JSON Web Key Set (RFC 7517).

    Raises:
        SandboxError: It has none: its tokens are signed by somebody else.
    """
    keys: list[Object] = json.loads(key_set).get("keys") or []
    for key in keys:
        if key.get("kty") == "oct" and key.get("k"):
            return key
    raise SandboxError(
        f"the key set of the Secret {SECRET} has no symmetric key: an identity provider signs the tokens",
        fix="ask that for a token",
    )


def sign(claims: Mapping[str, Any], key: Mapping[str, Any]) -> str:
    """A JSON Web Token, HS256 (RFC 7519, RFC 7518 section 3.2)."""
    header = {"alg": "HS256", "typ": "JWT", **({"kid": key["kid"]} if "kid" in key else {})}
    body = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    secret = base64.urlsafe_b64decode(key["k"] + "=" * (-len(key["k"]) % 4))
    return f"{body}.{_encoded(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
