from __future__ import annotations

from sandbox.control_plane.api_client import ApiClient
from sandbox.identity import Identity

SECONDS = 600


def smoke_token(client: ApiClient, *, seconds: int = SECONDS) -> str:
    """A token of the sandbox's own identity that may write prices and read predictions.

    Raises:
        SandboxError: What is deployed has no identity, or no key to sign with.
    """
    identity = Identity.of(client)
    return identity.sign(identity.claims("service:smoke", ["service"], seconds, tenants=["platform"]))
