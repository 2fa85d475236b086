"""Calls to AWS with the user's own credentials, as the AWS command line finds them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from sandbox.deploy.cloud.failures import refusal

_CONNECT_SECONDS = 5
_READ_SECONDS = 20


class Aws(Protocol):
    """AWS in one region."""

    region: str

    def call(self, service: str, operation: str, action: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one call.

        Args:
            service: the service by boto3's name.
            operation: the operation by boto3's name.
            action: the permission that it needs, for the error.
            parameters: what it is asked.

        Raises:
            Refusal: it was refused, or nothing answered.
        """
        ...


class LiveAws:
    """AWS itself; AWS_PROFILE, AWS_ENDPOINT_URL and all else that boto3 reads count."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, action: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one call; see `Aws`."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 takes half a second to import
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        endpoint = ""
        try:
            client = self._client(service)
            endpoint = str(client.meta.endpoint_url)
            answer: Mapping[str, Any] = getattr(client, operation)(**parameters)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise refusal(error, action, self.region, endpoint) from None
        return answer

    def _client(self, service: str) -> Any:
        import boto3  # noqa: PLC0415 takes half a second to import
        from botocore.config import Config  # noqa: PLC0415

        with self._lock:  # sessions are not thread-safe
            if service not in self._clients:
                limits = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": 2},
                )
                self._session = self._session or boto3.Session(region_name=self.region)
                self._clients[service] = self._session.client(service, config=limits)
            return self._clients[service]
