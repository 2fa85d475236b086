"""Clients of the served AWS API: they look for credentials and proxies nowhere, and never wait long."""

from __future__ import annotations

import functools
from typing import Any

GLOBAL_REGION = "us-east-1"


def moto_client(url: str, service: str, region: str = GLOBAL_REGION) -> Any:
    """A client of one service.

    Args:
        url: The address of moto's server.
        service: The service, as boto3 names it.
        region: The region.
    """
    from botocore.config import Config  # noqa: PLC0415 - takes half a second

    config = Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=30, proxies={})
    return _session().client(service, region_name=region, endpoint_url=url, config=config)


@functools.cache
def _session() -> Any:
    """A session that keeps the service descriptions that it has read, which take longer to read than to use."""
    import boto3  # noqa: PLC0415 - takes half a second

    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106 - moto takes any
