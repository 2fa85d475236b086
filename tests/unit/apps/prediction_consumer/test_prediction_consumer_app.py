from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from prediction_consumer.app import Service, create_service
from prediction_consumer.runner import Runner
from prediction_consumer.settings import FeaturesSettings, ModelSettings, PredictionConsumerSettings
from servicekit.kafka import KafkaSettings

from tests.support.tokens import Issuer, guarded_routes

NOBODY = "127.0.0.1:9"
"""The discard port, where no broker listens."""


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def service(tmp_path: Path, ended: list[str]) -> Service:
    settings = PredictionConsumerSettings(
        pod_name="prediction-consumer-0",
        kafka=KafkaSettings(bootstrap_servers=NOBODY),
        features=FeaturesSettings(url="http://127.0.0.1:9"),
        model=ModelSettings(url="http://127.0.0.1:9"),
        auth=Issuer(tmp_path).settings,
    )
    return create_service(settings, end=lambda: ended.append("ended"))


async def test_before_the_loop_has_begun_it_is_alive_and_not_ready_with_the_reasons(service: Service):
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://consumer") as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
        assert "predictions_written_total" in (await client.get("/metrics")).text
    reasons = {check["name"]: check["reason"] for check in answer.json()["checks"]}
    assert answer.status_code == 503
    assert reasons == {"kafka": f"{NOBODY}: connection refused", "loop": "the loop has not begun"}


def test_it_has_no_door_but_those_that_need_no_token(service: Service):
    assert list(guarded_routes(service.app.openapi())) == []


async def test_a_loop_that_fails_ends_the_process_and_leaves_the_reason(
    service: Service, ended: list[str], monkeypatch: pytest.MonkeyPatch
):
    @asynccontextmanager
    async def running(
        _runner: Runner, _stopping: Callable[[], bool], failed: Callable[[BaseException], None]
    ) -> AsyncIterator[None]:
        failed(RuntimeError("fenced"))
        yield

    monkeypatch.setattr(Runner, "running", running)
    async with service.app.router.lifespan_context(service.app):
        assert ended == ["ended"]
    assert str(service.failure) == "fenced"
