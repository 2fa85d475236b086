"""price-feed, prediction-consumer and stream-gateway on a real broker, and the smoke that `up` ends with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.smoke.hosted import SERVICES
from sandbox.smoke.run import SmokeFailedError, run_smoke
from tests.support.kafka import Broker
from tests.support.price_services import price_services
from tests.support.service_process import ServiceProcess
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration

TOPICS = ("commodity-prices", "ml-predictions", "prediction-consumer.dead-letter")
PACKAGES = {
    "price-feed": "price_feed",
    "stream-gateway": "stream_gateway",
    "prediction-consumer": "prediction_consumer",
}


class PricePath:
    """The three processes, told of as the sandbox's agent tells of them."""

    def __init__(self, folder: Path, broker: Broker, services_url: str, token_file: Path, issuer: Issuer) -> None:
        self.folder = folder
        own = {
            "price-feed": {},
            "stream-gateway": {"TOPICS": "commodity-prices,ml-predictions"},
            "prediction-consumer": {
                "POD_NAME": "prediction-consumer-0",
                "FEATURES_URL": services_url,
                "MODEL_URL": services_url,
                "AUTH_TOKEN_FILE": str(token_file),
            },
        }
        self.processes = {}
        for name, package in PACKAGES.items():
            prefix = f"{package.upper()}_"
            environment = {f"{prefix}{key}": value for key, value in own[name].items()}
            environment |= {**broker.environment(prefix), **issuer.environment(prefix)}
            self.processes[name] = ServiceProcess(package, folder, environment)

    def say(self) -> None:
        """Write down what runs."""
        pods = [self._pod(name) for name in SERVICES]
        services = [
            {
                "namespace": "n",
                "name": name,
                "address": "127.0.0.1",
                "port": self._port(name),
                "endpoints": 1,
                "problem": "",
            }
            for name in ("price-feed", "stream-gateway")
        ]
        (self.folder / "pods.json").write_text(json.dumps({"pods": pods, "services": services}))

    def _pod(self, name: str) -> dict[str, Any]:
        known = {
            "container": name,
            "restarts": 0,
            "phase": "Running",
            "waiting": None,
            "ready": True,
            "labels": {},
            "owner": name,
        }
        ports = [self._port(name)] if name in PACKAGES else []
        return {**known, "address": "127.0.0.1", "ports": ports, "log": f"/logs/{name}.log"}

    def _port(self, name: str) -> int:
        return int(self.processes[name].url.rpartition(":")[2])


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


def test_a_price_comes_through_every_hop_and_a_service_that_is_away_is_named(
    kafka_broker: Broker, tmp_path: Path, issuer: Issuer
):
    kafka_broker.create_topics(*TOPICS, partitions=3)
    (tmp_path / "token").write_text(issuer.token("service"))
    with price_services() as services:
        path = PricePath(tmp_path, kafka_broker, services.url, tmp_path / "token", issuer)
        try:
            for process in path.processes.values():
                process.wait_until_ready()
            path.say()
            journey = run_smoke(tmp_path, lambda: issuer.token("service"), print)
            assert [hop.service for hop in journey.hops] == [
                "price-feed",
                "feature-server",
                "model-server",
                "prediction-consumer",
                "stream-gateway",
                "client",
            ]
            assert all(hop.ms >= 0 for hop in journey.hops)
            assert journey.answer["prediction"] == pytest.approx(62.25)
            services.status = 503
            with pytest.raises(SmokeFailedError, match="503 as the test wants it") as caught:
                run_smoke(tmp_path, lambda: issuer.token("service"), print, answer_seconds=2)
            assert (caught.value.where, caught.value.fix) == (
                "feature-server",
                "look at its log: /logs/feature-server.log",
            )
        finally:
            for process in path.processes.values():
                process.kill()
