from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.sandbox import running_sandbox

if TYPE_CHECKING:
    from tests.support.kafka import Broker

__all__ = ["kafka_broker", "running_sandbox"]


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all tests of the process that do not stop it; each takes topics and groups of its own."""
    from tests.support.kafka import running_kafka

    with running_kafka(tmp_path_factory.mktemp("kafka") / "broker") as broker:
        yield broker
