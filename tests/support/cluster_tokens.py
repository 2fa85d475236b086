"""A cluster for tests: what its API server says of itself, and tokens of its service accounts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.certificates import Authority

API = "https://kubernetes.test"
CLUSTER = "https://oidc.cluster.test/id/1"
AUDIENCE = "analytics-platform"
CALLER = "system:serviceaccount:platform-serving:prediction-consumer"
OWN_TOKEN = "token-of-the-service-itself"


class Cluster:
    """Signs tokens as the API server of EKS does, and answers who asks for its keys with the token that it knows.

    Args:
        folder: where the files are that a service is given.
        elliptic: whether its keys are of an elliptic curve, which takes no time to make; EKS has RSA.

    Attributes:
        settings: what a service is told.
        transport: how the API server is reached.
        asked: the paths that were asked for.
        away: whether nobody answers.
    """

    def __init__(self, folder: Path, *, elliptic: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        token = folder / "token"
        token.write_text(f"{OWN_TOKEN}\n")
        self.settings: dict[str, Any] = {
            "workloads_api_url": API,
            "workloads_ca_file": Authority(folder).file,
            "workloads_token_file": token,
            "workloads_audience": AUDIENCE,
            "workloads_subjects": CALLER,
        }
        self.documents: dict[str, Any] = {}
        self._key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
        self.asked: list[str] = []
        self.away = False
        self._elliptic = elliptic
        self.renew("k1")
        self.documents["/.well-known/openid-configuration"] = {"issuer": CLUSTER, "jwks_uri": "https://elsewhere.test"}
        self.transport = httpx.MockTransport(self._answer)

    def renew(self, key_id: str) -> None:
        """Sign with a new key from now on."""
        self.key_id = key_id
        if self._elliptic:
            curve = ec.generate_private_key(ec.SECP256R1())
            self._key, public = curve, jwt.algorithms.ECAlgorithm.to_jwk(curve.public_key(), as_dict=True)
        else:
            pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            self._key, public = pair, jwt.algorithms.RSAAlgorithm.to_jwk(pair.public_key(), as_dict=True)
        self.documents["/openid/v1/jwks"] = {"keys": [{**public, "kid": key_id, "use": "sig", "alg": self._algorithm}]}

    @property
    def _algorithm(self) -> str:
        return "ES256" if self._elliptic else "RS256"

    @property
    def public_key(self) -> bytes:
        """The key that checks tokens, in PEM; everyone may know it."""
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, kind)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """What a token of the caller says, but for what is changed; None leaves a claim out."""
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + 3600}
        claims = {"iss": CLUSTER, "aud": [AUDIENCE], "sub": CALLER, **times, **changed}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, **changed: Any) -> str:
        """A token of the caller, or one with other claims."""
        return jwt.encode(self.claims(**changed), self._key, self._algorithm, {"kid": self.key_id})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.away:
            raise httpx.ConnectError("nobody answers")
        if request.headers.get("authorization") != f"Bearer {OWN_TOKEN}":
            return httpx.Response(401)
        return httpx.Response(200, json=self.documents[request.url.path])
