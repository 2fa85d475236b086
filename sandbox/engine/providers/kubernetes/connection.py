"""Where the API server is, and how patient this provider is with it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.control_plane.endpoints import Endpoints
from sandbox.engine.provider import ProviderError
from sandbox.engine.values import Json


@dataclass(frozen=True)
class Connection:
    """An API server and the credentials for it.

    Attributes:
        url: `https://127.0.0.1:<port>`; `http` is for tests that stand between.
        ca: the CA certificate (PEM) that signed the server's certificate.
        certificate: our client certificate (PEM).
        key: the key of that certificate (PEM).
    """

    url: str
    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def of(cls, endpoints: Endpoints) -> Connection:
        """Take the API server of a running sandbox."""
        return cls(endpoints.api_url, endpoints.ca_path, endpoints.client_cert_path, endpoints.client_key_path)

    def tls(self) -> ssl.SSLContext | bool:
        """Build the TLS context; True (unused) for a plain-text address.

        Raises:
            ProviderError: a certificate file is missing or broken.
        """
        if not self.url.startswith("https:"):
            return True
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ProviderError(
                f"cannot read the credentials for the API server at {self.url} "
                f"({self.ca}, {self.certificate}, {self.key}): {error}; start the sandbox anew to get fresh ones"
            ) from error
        return context


@dataclass(frozen=True)
class Settings:
    """How the provider behaves.

    Attributes:
        namespace: where namespaced objects go that name no namespace.
        config_map_mutable: change the data of ConfigMaps in place; pulumi-kubernetes replaces them by default.
        secret_mutable: the same for Secrets.
        upsert: a create takes over an object that is there already; pulumi-kubernetes refuses that by default.
        connections: requests in flight at once.
        request_timeout: seconds for one request.
        retry_budget: seconds during which a request is tried again before its failure is reported.
        ready_timeout: seconds to wait for readiness or absence when the resource says nothing.
    """

    namespace: str = "default"
    config_map_mutable: bool = False
    secret_mutable: bool = False
    upsert: bool = False
    connections: int = 32
    request_timeout: float = 15.0
    retry_budget: float = 30.0
    ready_timeout: float = 300.0

    @classmethod
    def of_provider(cls, inputs: Mapping[str, Json]) -> Settings:
        """Take what a `pulumi:providers:kubernetes` resource says; its properties may be texts (`"true"`)."""
        return cls(
            namespace=inputs.get("namespace") or "default",
            config_map_mutable=_truth(inputs.get("enableConfigMapMutable")),
            secret_mutable=_truth(inputs.get("enableSecretMutable")),
            upsert=_truth(inputs.get("upsertExistingObjects")),
        )


def _truth(value: Json) -> bool:
    return value is True or value == "true"
