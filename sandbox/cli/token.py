"""The command `token`: a token of the sandbox's own identity, for trying what is deployed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from argparse import Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.control_plane.lifecycle import admin_client, status
from sandbox.errors import ConfigurationError, SandboxError

SECRET = "platform-identity"  # noqa: S105 - the name of a Secret
KEY_SET = "jwks.json"
LONGEST_SECONDS = 24 * 3600
Object = dict[str, Any]


def token(arguments: Namespace, console: Console) -> int:
    """Print a token that says who somebody is, signed with the key that the deployed services check tokens by."""
    where = environment(arguments)
    if not 1 <= arguments.ttl <= LONGEST_SECONDS:
        raise ConfigurationError(
            f"a token of {arguments.ttl} s was asked for",
            where="--ttl",
            fix=f"ask for 1 to {LONGEST_SECONDS} s (a day)",
        )
    endpoints = status(where.paths.name, root=where.paths.root).endpoints
    if endpoints is None:
        raise SandboxError(f"the sandbox {where.paths.name!r} does not run", where="--name", fix="start it: sandbox up")
    client = admin_client(endpoints)
    secrets = client.get(f"/api/v1/secrets?fieldSelector=metadata.name%3D{SECRET}")["items"]
    if not secrets:
        raise SandboxError(
            f"nothing that is deployed has a Secret {SECRET}: there is no key to sign with",
            where=f"the sandbox {where.paths.name}",
            fix="deploy the stack first: sandbox up; where there is an identity provider, ask that for tokens",
        )
    issuer, audience = expected(client.get("/api/v1/pods")["items"])
    key = signing_key(base64.b64decode(secrets[0]["data"][KEY_SET]))
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": arguments.subject or f"{arguments.role[0]}@{arguments.tenant}",
        "roles": arguments.role,
        "tenant": arguments.tenant,
        "iat": now,
        "exp": now + arguments.ttl,
    }
    signed = sign(claims, key)
    if arguments.json:
        print_json({"token": signed, "claims": claims})
    console.result(signed)
    return 0


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
