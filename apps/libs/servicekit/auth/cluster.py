"""The cluster as an issuer: what its API server says of the tokens of service accounts."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson

from servicekit.auth.jwks import MOST_BYTES, Key, parse_jwks
from servicekit.auth.remote_keys import FETCH_SECONDS, RemoteKeys
from servicekit.auth.settings import AuthSettings

ALGORITHMS = frozenset({"RS256", "ES256", "ES384", "ES512"})
"""What an API server signs with (kubernetes, pkg/serviceaccount/jwt.go): by its key, and never with a shared one."""

_DISCOVERY = "/.well-known/openid-configuration"
_KEYS = "/openid/v1/jwks"
"""Asked for at the API server itself: the address in the discovery document may be outside of the cluster."""


class ClusterKeys(RemoteKeys):
    """Issuer and keys of the cluster, from the API server, which its authority vouches for.

    Attributes:
        issuer: the `iss` of its tokens; empty until the API server has answered.
    """

    def __init__(
        self,
        settings: AuthSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know where the API server is; reads nothing yet."""
        super().__init__(settings.workloads_api_url or "", clock)
        self._settings, self._transport = settings, transport
        self.issuer = ""

    async def _get(self) -> list[Key]:
        # Both files are renewed while the process runs.
        trust = ssl.create_default_context(cafile=_path(self._settings.workloads_ca_file, "workloads_ca_file"))
        token = _path(self._settings.workloads_token_file, "workloads_token_file").read_text().strip()
        async with httpx.AsyncClient(
            base_url=self._place,
            verify=trust,
            headers={"Authorization": f"Bearer {token}"},
            transport=self._transport,
            timeout=FETCH_SECONDS,
            trust_env=False,  # a proxy has no business between a pod and its API server
        ) as client:
            discovery, keys = await client.get(_DISCOVERY), await client.get(_KEYS)
        found = parse_jwks(keys.raise_for_status().content, ALGORITHMS)
        self.issuer = _issuer(discovery.raise_for_status().content)
        return found


def _path(path: Path | None, setting: str) -> Path:
    if path is None:
        raise ValueError(f"{setting} is not set")
    return path


def _issuer(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise ValueError(f"discovery document: {len(data)} bytes; at most {MOST_BYTES}")
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"discovery document: not JSON: {error}") from None
    issuer = document.get("issuer") if isinstance(document, dict) else None
    if not isinstance(issuer, str) or not issuer:
        raise ValueError("discovery document: it names no issuer")
    return issuer
