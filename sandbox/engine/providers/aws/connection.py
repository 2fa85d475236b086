"""How the provider reaches its AWS endpoint: explicit address, region and dummy credentials, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

ACCESS_KEY = "sandbox"
"""The dummy access key id sent with each request; it belongs to no account, so it opens nothing."""

SECRET_KEY = "sandbox"  # noqa: S105 a dummy for the loopback emulator
"""The dummy secret key that signs each request."""


@dataclass(frozen=True)
class AwsEndpoint:
    """Where AWS is served, and as what.

    Attributes:
        url: the address, on the loopback interface.
        region: the region that clients ask for.
        account: the twelve-digit account id that the server must say it is.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for an answer.

    Raises:
        ValueError: the address is not on the loopback interface, or the account id does not have twelve digits.
    """

    url: str
    region: str
    account: str
    connect_timeout: float = 3.0
    read_timeout: float = 20.0

    def __post_init__(self) -> None:
        host = urlsplit(self.url).hostname or ""
        if not _is_loopback(host):
            raise ValueError(f"AWS endpoint {self.url!r}: only a loopback address that the sandbox started is allowed")
        if not (len(self.account) == 12 and self.account.isdigit()):
            raise ValueError(f"AWS account id {self.account!r}: it must have twelve digits")

    @property
    def partition(self) -> str:
        """The partition of the region, as ARNs name it."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Connection:
    """Clients of one endpoint, made on first use and shared by all threads.

    The user's AWS configuration is never read: no environment variable, no file under `~/.aws`, no proxy.

    Args:
        endpoint: where AWS is served.
    """

    def __init__(self, endpoint: AwsEndpoint) -> None:
        self.endpoint = endpoint
        self._clients: dict[str, Any] = {}
        self._session: Any = None
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """Return the client of a service, such as `s3`."""
        client = self._clients.get(service)
        if client is None:
            with self._lock:  # botocore sessions are not thread-safe, clients are
                client = self._clients.get(service) or self._build(service)
                self._clients[service] = client
        return client

    def warm(self, services: Sequence[str] = ()) -> threading.Thread:
        """Import the AWS library and build clients in the background; returns the thread that does it."""

        def load() -> None:
            with self._lock:
                self._session = self._session or _isolated_session()
            for service in services:
                self.client(service)

        thread = threading.Thread(target=load, name="aws-warm", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Close every client's connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _build(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 importing botocore takes half a second

        self._session = self._session or _isolated_session()
        return self._session.create_client(
            service,
            region_name=self.endpoint.region,
            endpoint_url=self.endpoint.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(
                connect_timeout=self.endpoint.connect_timeout,
                read_timeout=self.endpoint.read_timeout,
                # A blind second attempt of a creation may create twice: retries are the caller's, who looks first.
                retries={"total_max_attempts": 1},
                max_pool_connections=64,
                proxies={},
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                ignore_configured_endpoint_urls=True,
            ),
        )


def _isolated_session() -> Any:
    """Return a botocore session whose every setting has the library's default."""
    import os  # noqa: PLC0415

    from botocore.configprovider import (  # noqa: PLC0415 importing botocore takes half a second
        BOTOCORE_DEFAUT_SESSION_VARIABLES,
        ConfigChainFactory,
        ConfigValueStore,
    )
    from botocore.session import Session  # noqa: PLC0415

    session = Session()
    nowhere = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}
    chains = ConfigChainFactory(session, environ={})
    store = ConfigValueStore(
        {
            name: chains.create_config_chain(default=nowhere.get(name, default))
            for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
        }
    )
    session.register_component("config_store", store)
    return session
