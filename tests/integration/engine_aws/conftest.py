from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.engine.providers.aws.calls import Patience
from sandbox.engine.providers.aws.connection import AwsEndpoint, Connection
from sandbox.engine.providers.aws.provider import AwsProvider
from sandbox.engine.providers.aws.settings import AwsSettings
from tests.support import moto
from tests.support.aws_hand import Hand

QUICK = Patience(attempts=6, first=0.01, longest=0.05)
REGION = "eu-central-1"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with moto.moto_server() as url:
        yield url


@pytest.fixture
def endpoint(server: str) -> AwsEndpoint:
    return AwsEndpoint(server, REGION, moto.ACCOUNT, read_timeout=20)


@pytest.fixture
def direct(endpoint: AwsEndpoint) -> Iterator[Callable[[str], Any]]:
    """Clients that reach the server without the provider: somebody else's hands."""
    connection = Connection(endpoint)
    yield connection.client
    connection.close()


@pytest.fixture
def aws(endpoint: AwsEndpoint) -> Iterator[AwsProvider]:
    settings = AwsSettings(default_tags={"environment": "test"})
    provider = AwsProvider(endpoint, settings, patience=QUICK)
    yield provider
    provider.close()


@pytest.fixture
def faulty(server: str) -> Iterator[moto.Proxy]:
    with moto.proxy(server) as proxy:
        yield proxy


@pytest.fixture
def through_faults(faulty: moto.Proxy) -> Iterator[AwsProvider]:
    provider = AwsProvider(AwsEndpoint(faulty.url, REGION, moto.ACCOUNT), patience=QUICK)
    yield provider
    provider.close()


@pytest.fixture
def hand(aws: AwsProvider) -> Hand:
    return Hand(aws)


@pytest.fixture
def clumsy(through_faults: AwsProvider) -> Hand:
    return Hand(through_faults)
