from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.kafka import Broker
from tests.support.price_services import PriceServices, price_services
from tests.support.service_process import ServiceProcess
from tests.support.tokens import Issuer

Start = Callable[..., ServiceProcess]
_NUMBERS = itertools.count()


def price(symbol: str = "WTI", price: str = "70.10") -> bytes:
    """The value of a record of the input topic."""
    fields = {"symbol": symbol, "price": price, "currency": "USD", "traded_at": "2026-01-31T12:00:00Z"}
    return orjson.dumps(fields)


@dataclass
class PricePath:
    """The topics of one test, and what lies on them."""

    broker: Broker
    name: str

    def __post_init__(self) -> None:
        self.input, self.output, self.dead = (f"{self.name}-{each}" for each in ("prices", "predictions", "dead"))
        self.broker.create_topics(self.input, self.output, self.dead, partitions=3)

    def write(self, *values: bytes | None) -> None:
        """Write inputs."""
        self.broker.write(self.input, ((b"WTI%d" % (number % 7), value) for number, value in enumerate(values)))

    def expected(self) -> Counter[str]:
        """One identifier for each input."""
        from prediction_consumer.messages import prediction_id
        from servicekit.records import record_of

        inputs = self.broker.read(self.input)
        return Counter(str(prediction_id(record_of(message))) for message in inputs)

    def predictions(self, count: int, seconds: float = 30.0) -> Counter[str]:
        """How often each prediction can be read, once there are ``count``; waits for these."""
        self.broker.read(self.output, count=count, seconds=seconds)
        return Counter(orjson.loads(message.value())["prediction_id"] for message in self.broker.read(self.output))

    def dead_letters(self, count: int, seconds: float = 20.0) -> list[Any]:
        """The dead letters, once there are ``count``; waits for these."""
        self.broker.read(self.dead, count=count, seconds=seconds)
        return self.broker.read(self.dead)


@pytest.fixture
def services() -> Iterator[PriceServices]:
    with price_services() as running:
        yield running


@pytest.fixture
def path(kafka_broker: Broker) -> PricePath:
    return PricePath(kafka_broker, f"path{next(_NUMBERS)}")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text(Issuer(tmp_path).token("service"))
    return tmp_path / "token"


@pytest.fixture
def start(services: PriceServices, tmp_path: Path, token_file: Path) -> Iterator[Start]:
    """Starts a process on a test's topics; all of them end with the test."""
    running: list[ServiceProcess] = []
    prefix = "PREDICTION_CONSUMER_"

    def start(path: PricePath, pod: str = "prediction-consumer-0", **settings: object) -> ServiceProcess:
        environment = {
            **path.broker.environment(prefix),
            f"{prefix}POD_NAME": f"{pod}-{path.name}",
            f"{prefix}GROUP": path.name,
            f"{prefix}INPUT_TOPIC": path.input,
            f"{prefix}OUTPUT_TOPIC": path.output,
            f"{prefix}DEAD_LETTER_TOPIC": path.dead,
            f"{prefix}SESSION_SECONDS": "1.5",
            f"{prefix}BACKOFF_MOST_SECONDS": "0.5",
            f"{prefix}FEATURES_URL": services.url,
            f"{prefix}MODEL_URL": services.url,
            f"{prefix}AUTH_TOKEN_FILE": str(token_file),
            **Issuer(tmp_path).environment(prefix),
            **{f"{prefix}{name}".upper(): str(value) for name, value in settings.items()},
        }
        running.append(ServiceProcess("prediction_consumer", tmp_path, environment))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        strange = [line for line in process.log if line["event"] == "not a line of the log"]
        assert strange == [], "a traceback or warning reached standard error"
