"""Thousands of requests made up from each service's OpenAPI document: every answer is one that it tells of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from servicekit.auth import Principal
from stream_gateway.app import create_service
from stream_gateway.gateway import Gateway, Stream

from tests.support.gateway import TOPICS, gateway_settings
from tests.support.kafka import Broker
from tests.support.mlflow import MlflowServer
from tests.support.redis import RedisServer
from tests.support.service_process import ServiceProcess
from tests.support.tokens import Issuer

pytestmark = [pytest.mark.integration, pytest.mark.soak]

CASES = 2_000
ROOT = Path(__file__).parents[3]


def fuzz_process(package: str, folder: Path, issuer: Issuer, environment: Mapping[str, str]) -> None:
    from tests.support.api_fuzz import fuzz

    prefix = f"{package.upper()}_"
    service = ServiceProcess(package, folder, {**issuer.environment(prefix), **environment})
    try:
        service.wait_until_ready()
        answered = fuzz(document(package), service.url, headers=issuer.headers("service"), cases=CASES)
        assert sum(answered.values()) >= CASES
        assert {200, 202} & answered.keys(), "some requests were sound"
        assert not [line for line in service.log if "exception" in line], "nothing failed inside either"
    finally:
        service.kill()


def document(package: str) -> Path:
    return ROOT / "apps" / "services" / package / "openapi.json"


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


def test_stream_gateway_answers_only_what_it_documents(issuer: Issuer, monkeypatch: pytest.MonkeyPatch):
    from tests.support.api_fuzz import fuzz

    seat = Gateway.seat

    def seat_and_end(gateway: Gateway, stream: Stream, principal: Principal) -> None:
        # A stream of events has no end of its own, and a request of the fuzzer waits for it.
        seat(gateway, stream, principal)
        stream.end()

    monkeypatch.setattr(Gateway, "seat", seat_and_end)
    service = create_service(gateway_settings(issuer, requests_per_second=100_000, requests_burst=1_000_000))
    service.gateway.live._assigned = {(topic, 0) for topic in TOPICS}
    service.gateway.hub.advance({(topic, 0): 3 for topic in TOPICS})
    service.app.router.lifespan_context = nothing
    answered = fuzz(document("stream_gateway"), service.app, headers=issuer.headers("service"), cases=CASES)
    assert sum(answered.values()) >= CASES
    assert {200, 422} <= answered.keys()


@asynccontextmanager
async def nothing(_app: object) -> AsyncIterator[None]:
    """The gateway's reader does not run: there is no Kafka."""
    yield


def test_price_feed_answers_only_what_it_documents(kafka_broker: Broker, issuer: Issuer, tmp_path: Path):
    kafka_broker.create_topics("commodity-prices", "ISO_RT_LMP")
    limits = {"PRICE_FEED_CALLS_PER_SECOND": "100000", "PRICE_FEED_CALLS_BURST": "1000000"}
    fuzz_process("price_feed", tmp_path, issuer, kafka_broker.environment("PRICE_FEED_") | limits)


def test_feature_server_answers_only_what_it_documents(redis_server: RedisServer, issuer: Issuer, tmp_path: Path):
    from feature_job.online import materialize
    from featurestore.rows import Row

    with redis_server.client() as redis:
        materialize(redis, "platform", {"WTI": Row({"average_7": 71.0}, date(2026, 1, 30), datetime.now(UTC))})
    fuzz_process("feature_server", tmp_path, issuer, redis_server.environment("FEATURE_SERVER_"))


def test_model_server_answers_only_what_it_documents(mlflow_server: MlflowServer, issuer: Issuer, tmp_path: Path):
    from pricemodel.registry import CHAMPION, ModelRegistry, RegistrySettings

    from tests.support.price_models import small_model

    registry = ModelRegistry(RegistrySettings(tracking_uri=mlflow_server.url))
    client = registry.client
    if not client.search_registered_models(f"name = '{registry.name}'"):
        client.create_registered_model(registry.name)
    small_model(tmp_path / "model", seed=1)
    run_id = client.create_run(client.create_experiment(f"fuzz-{tmp_path.name}")).info.run_id
    client.log_artifacts(run_id, str(tmp_path / "model"), "model")
    made = client.create_model_version(registry.name, f"runs:/{run_id}/model", run_id=run_id)
    client.set_registered_model_alias(registry.name, CHAMPION, str(made.version))
    environment = {"MODEL_SERVER_MLFLOW_TRACKING_URI": mlflow_server.url, "MODEL_SERVER_POLL_SECONDS": "0.5"}
    fuzz_process("model_server", tmp_path, issuer, environment)


def fuzz_worker(package: str, folder: Path, environment: Mapping[str, str]) -> None:
    """A service that works on Kafka: what it has of an API is for probes and Prometheus."""
    from tests.support.surface_fuzz import fuzz_surface

    service = ServiceProcess(package, folder, environment)
    try:
        service.wait_until_ready()
        answered = fuzz_surface(document(package), service.url, cases=CASES)
        assert sum(answered.values()) >= CASES
        assert {200, 404, 405} <= answered.keys(), "both sound and unsound ones were among them"
        assert not [line for line in service.log if "exception" in line], "nothing failed inside either"
        assert service.process.poll() is None, "it still works"
    finally:
        service.kill()


def test_prediction_consumer_answers_only_what_it_documents(kafka_broker: Broker, issuer: Issuer, tmp_path: Path):
    from tests.support.price_services import price_services

    prefix = "PREDICTION_CONSUMER_"
    topics = {name: f"fuzz-{name}" for name in ("prices", "predictions", "dead")}
    kafka_broker.create_topics(*topics.values())
    (tmp_path / "token").write_text(issuer.token("service"))
    with price_services() as asked:
        environment = {
            **kafka_broker.environment(prefix),
            **issuer.environment(prefix),
            f"{prefix}POD_NAME": "fuzz",
            f"{prefix}GROUP": "fuzz-prediction-consumer",
            f"{prefix}INPUT_TOPIC": topics["prices"],
            f"{prefix}OUTPUT_TOPIC": topics["predictions"],
            f"{prefix}DEAD_LETTER_TOPIC": topics["dead"],
            f"{prefix}FEATURES_URL": asked.url,
            f"{prefix}MODEL_URL": asked.url,
            f"{prefix}AUTH_TOKEN_FILE": str(tmp_path / "token"),
        }
        fuzz_worker("prediction_consumer", tmp_path, environment)


def test_stream_analytics_answers_only_what_it_documents(kafka_broker: Broker, tmp_path: Path):
    prefix = "STREAM_ANALYTICS_"
    names = {"OUTPUT_TOPIC": "fuzz-windows", "DEAD_LETTER_TOPIC": "fuzz-windows-dead", "GROUP": "stream-analytics-fuzz"}
    topics = [f"fuzz-{topic}" for topic in ("commodity-prices", "ISO_RT_LMP")]
    kafka_broker.create_topics(*topics, names["OUTPUT_TOPIC"], names["DEAD_LETTER_TOPIC"])
    environment = {
        **kafka_broker.environment(prefix),
        f"{prefix}TOPIC_PREFIX": "fuzz-",
        **{f"{prefix}{name}": value for name, value in names.items()},
    }
    fuzz_worker("stream_analytics", tmp_path, environment)
