"""How services of ours know the tokens of their callers.

By an identity provider's public keys, or by a key of the environment's own where there is no identity provider. An
identity provider knows people and not pods: services then know each other by the cluster's own tokens, each of which
says whose ServiceAccount it is of and for whom it was made.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import Field

from infra.core.generated_secrets import GeneratedSecret, GeneratedSecretsArgs
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.names import PROJECT
from infra.core.workload.pod import API_AUTHORITY_FILE, TOKEN_FILE
from infra.core.workload.service import prefix
from infra.core.workload.spec import AccountToken, ConfigFiles, SecretFiles, WorkloadSpec

SECRET = "platform-identity"  # noqa: S105 - the name of a Secret
KEY_SET = "jwks.json"
MOUNT = "/etc/platform-identity"
OWN_ALGORITHM = "HS256"
"""With one key for those who sign and those who check: services of one machine trust each other with it."""


API_URL = "https://kubernetes.default.svc"
"""Where pods find the API server: its certificate is for this name among others (Kubernetes, Accessing the Kubernetes
API from a Pod)."""

CALLER = AccountToken(mount_path="/etc/workload-token", audience=PROJECT)
"""By what a service shows others of ours who it is."""

DISCOVERY = AccountToken(mount_path="/etc/api-server")
"""With what a service asks the API server for the keys of such tokens."""


class TokenCheck(Args):
    """Who signs tokens, and by which keys they are known."""

    issuer: str = Field(description="`iss` of every token")
    audience: str = Field(description="`aud` of every token")
    algorithms: tuple[str, ...] = Field(min_length=1, description="how tokens may be signed")
    keys: str | None = Field(default=None, description="key set of public keys; the environment's own if null")

    def settings(self) -> dict[str, str]:
        """What a service is told, without its prefix."""
        return {
            "AUTH_ISSUER": self.issuer,
            "AUTH_AUDIENCE": self.audience,
            "AUTH_ALGORITHMS": ",".join(self.algorithms),
            "AUTH_JWKS_FILE": f"{MOUNT}/{KEY_SET}",
        }

    def caller_settings(self) -> dict[str, str]:
        """What a service is told that calls others, without its prefix; one with the shared key signs for itself."""
        return {"AUTH_TOKEN_FILE": f"{CALLER.mount_path}/{TOKEN_FILE}"} if self.keys else {}

    def caller_tokens(self) -> tuple[AccountToken, ...]:
        """Mount of the token of such a service."""
        return (CALLER,) if self.keys else ()

    def secret_files(self) -> tuple[SecretFiles, ...]:
        """Mount of the environment's own key."""
        return () if self.keys else (SecretFiles(secret=SECRET, mount_path=MOUNT),)

    def config_files(self) -> ConfigFiles | None:
        """Mount of the public keys."""
        return ConfigFiles(mount_path=MOUNT, files={KEY_SET: self.keys}) if self.keys else None


OWN = TokenCheck(issuer="https://identity.local", audience="analytics-platform", algorithms=(OWN_ALGORITHM,))
"""Where there is no identity provider. Nobody outside has the key."""


def with_callers(workloads: Sequence[WorkloadSpec], api_networks: Sequence[str] = ()) -> tuple[WorkloadSpec, ...]:
    """The workloads, each told which others may call it: those that use it and have a token to show.

    A service that nobody calls so trusts no token of the cluster, and does not reach the API server.

    Args:
        workloads: services of ours, callers and called.
        api_networks: networks that the API server is in; none where they are not known.
    """
    return tuple(_with_callers(spec, workloads, tuple(api_networks)) for spec in workloads)


def _with_callers(spec: WorkloadSpec, workloads: Sequence[WorkloadSpec], api_networks: tuple[str, ...]) -> WorkloadSpec:
    mine = prefix(spec.name)
    callers = sorted(
        f"system:serviceaccount:{caller.namespace}:{caller.name}"
        for caller in workloads
        if CALLER in caller.tokens and any(edge.offer.party.key == spec.party.key for edge in caller.edges())
    )
    if not callers or f"{mine}AUTH_ISSUER" not in spec.environment:
        return spec
    settings = {
        "API_URL": API_URL,
        "CA_FILE": f"{DISCOVERY.mount_path}/{API_AUTHORITY_FILE}",
        "TOKEN_FILE": f"{DISCOVERY.mount_path}/{TOKEN_FILE}",
        "AUDIENCE": PROJECT,
        "SUBJECTS": ",".join(callers),
    }
    told = {f"{mine}AUTH_WORKLOADS_{key}": value for key, value in settings.items()}
    return spec.model_copy(
        update={
            "environment": {**spec.environment, **told},
            "tokens": (*spec.tokens, DISCOVERY),
            "api_networks": api_networks,
        },
    )


def own_key(ownership: Ownership, workloads: Iterable[WorkloadSpec]) -> GeneratedSecretsArgs | None:
    """The environment's own key, in each namespace whose workloads mount it; None where none does."""
    namespaces = tuple(
        dict.fromkeys(spec.namespace for spec in workloads if any(file.secret == SECRET for file in spec.secret_files))
    )
    if not namespaces:
        return None
    entry = GeneratedSecret(name=SECRET, key=KEY_SET, namespaces=namespaces)
    return GeneratedSecretsArgs(component="edge", ownership=ownership, secrets=(entry,))


def own_key_set(password: str) -> str:
    """The JSON Web Key Set (RFC 7517) with the environment's own key."""
    key = base64.urlsafe_b64encode(password.encode()).decode().rstrip("=")
    return json.dumps({"keys": [{"kty": "oct", "kid": "own", "use": "sig", "alg": OWN_ALGORITHM, "k": key}]})


def public_key_set(keys: Mapping[str, tuple[str, str]]) -> str:
    """The JSON Web Key Set of RSA keys (RFC 7518, section 6.3).

    Args:
        keys: algorithm and PEM of each key, by its ``kid``.

    Raises:
        ValueError: a PEM holds no RSA key.
    """
    entries = []
    for kid, (algorithm, pem) in keys.items():
        public = load_pem_public_key(pem.encode())
        if not isinstance(public, RSAPublicKey):
            raise ValueError(f"key {kid} is no RSA key")  # noqa: TRY004 - a value of a file, no mistake in a program
        numbers = public.public_numbers()
        modulus, exponent = _unsigned(numbers.n), _unsigned(numbers.e)
        entries.append({"kty": "RSA", "kid": kid, "use": "sig", "alg": algorithm, "n": modulus, "e": exponent})
    return json.dumps({"keys": entries}, indent=1) + "\n"


def _unsigned(number: int) -> str:
    size = (number.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(number.to_bytes(size, "big")).decode().rstrip("=")
