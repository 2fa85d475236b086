from __future__ import annotations

import base64
import time

from sandbox.cli.token import KEY_SET, SECRET, expected, sign, signing_key
from sandbox.control_plane.api_client import ApiClient
from sandbox.errors import SandboxError

SECONDS = 600


def smoke_token(client: ApiClient, *, seconds: int = SECONDS) -> str:
    """A token of the sandbox's own identity that may write prices and read predictions.

    Raises:
        SandboxError: What is deployed has no identity, or no key to sign with.
    """
    secrets = client.get(f"/api/v1/secrets?fieldSelector=metadata.name%3D{SECRET}")["items"]
    if not secrets:
        raise SandboxError(f"nothing that is deployed has a Secret {SECRET}: there is no key to sign a token with")
    issuer, audience = expected(client.get("/api/v1/pods")["items"])
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": "service:smoke",
        "roles": ["service"],
        "tenants": ["platform"],
        "iat": now,
        "exp": now + seconds,
    }
    return sign(claims, signing_key(base64.b64decode(secrets[0]["data"][KEY_SET])))
