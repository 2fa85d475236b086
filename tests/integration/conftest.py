from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.sandbox import running_sandbox

if TYPE_CHECKING:
    from tests.support.kafka import Broker
    from tests.support.postgres import PostgresServer
    from tests.support.redis import RedisServer

__all__ = ["kafka_broker", "postgres_server", "redis_server", "running_sandbox"]


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all tests of the process that do not stop it; each takes topics and groups of its own."""
    from tests.support.kafka import running_kafka

    with running_kafka(tmp_path_factory.mktemp("kafka") / "broker") as broker:
        yield broker


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of the process that do not stop it; each takes keys of its own."""
    from tests.support.redis import running_redis

    with running_redis(tmp_path_factory.mktemp("redis") / "server") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests of the process that do not stop it; each makes a database of its own."""
    from tests.support.postgres import running_postgres

    with running_postgres(tmp_path_factory.mktemp("postgres") / "server") as server:
        yield server
