"""model-server as a process, with models in a real MLflow: versions change, break and go away while it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pricemodel.forest import FACTS_FILE
from pricemodel.registry import CHALLENGER, CHAMPION, ModelRegistry, RegistrySettings

from tests.support.mlflow import MlflowServer
from tests.support.price_models import inputs, small_model
from tests.support.service_process import ServiceProcess
from tests.support.tokens import Issuer

pytestmark = pytest.mark.integration

MODEL = "/v1/models/commodity-price"


class Versions:
    """Puts versions into the registry as the training does."""

    def __init__(self, mlflow: MlflowServer, folder: Path) -> None:
        self.registry = ModelRegistry(RegistrySettings(tracking_uri=mlflow.url))
        self._folder = folder
        client, name = self.registry.client, self.registry.name
        for known in client.search_registered_models(f"name = '{name}'"):
            client.delete_registered_model(known.name)
        client.create_registered_model(name)
        experiment = client.get_experiment_by_name("versions of the tests")
        self._experiment = experiment.experiment_id if experiment else client.create_experiment("versions of the tests")

    def add(self, *, seed: int, damage: Callable[[Path], None] = lambda _folder: None) -> str:
        """Register a small model, damaged first if wanted; returns its version."""
        folder = self._folder / f"seed-{seed}-{time.monotonic_ns()}"
        small_model(folder, seed=seed)
        damage(folder)
        client = self.registry.client
        run_id = client.create_run(self._experiment).info.run_id
        client.log_artifacts(run_id, str(folder), "model")
        made = client.create_model_version(self.registry.name, f"runs:/{run_id}/model", run_id=run_id)
        return str(made.version)

    def name(self, alias: str, version: str) -> None:
        self.registry.client.set_registered_model_alias(self.registry.name, alias, version)


@pytest.fixture
def versions(mlflow_server: MlflowServer, tmp_path: Path) -> Versions:
    return Versions(mlflow_server, tmp_path)


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


Start = Callable[..., ServiceProcess]


@pytest.fixture
def start(mlflow_server: MlflowServer, issuer: Issuer, tmp_path: Path) -> Iterator[Start]:
    started: list[ServiceProcess] = []
    folder = tmp_path / "work"
    folder.mkdir()

    def start(**settings: object) -> ServiceProcess:
        variables = {
            "TMPDIR": str(folder),
            "MODEL_SERVER_MLFLOW_TRACKING_URI": mlflow_server.url,
            "MODEL_SERVER_POLL_SECONDS": "0.2",
            "MODEL_SERVER_RETRY_SECONDS": "1",
            **issuer.environment("MODEL_SERVER_"),
            **{f"MODEL_SERVER_{name}".upper(): str(value) for name, value in settings.items()},
        }
        started.append(ServiceProcess("model_server", folder, variables))
        return started[-1]

    yield start
    for one in started:
        one.kill()
    assert list(folder.iterdir()) == [], "versions are read and leave nothing on the disk"


def ask(server: ServiceProcess, issuer: Issuer, **body: Any) -> dict[str, Any]:
    answer = httpx.post(
        f"{server.url}{MODEL}/predict",
        json={"inputs": inputs(2), **body},
        headers=issuer.headers("service"),
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def told(server: ServiceProcess, issuer: Issuer) -> dict[str, Any]:
    result: dict[str, Any] = httpx.get(f"{server.url}{MODEL}", headers=issuer.headers("service"), timeout=20).json()
    return result


def wait(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def test_without_a_champion_it_waits_and_then_serves_it(start: Start, versions: Versions, issuer: Issuer):
    server = start()
    server.wait_for_reason("model", "no version is the champion; run model-training")
    version = versions.add(seed=1)
    versions.name(CHAMPION, version)
    server.wait_until_ready()
    answer = ask(server, issuer, explain=True)
    assert (answer["version"], answer["variant"]) == (version, "champion")
    for one in answer["predictions"]:
        why = one["explanation"]
        assert why["base"] + sum(why["contributions"].values()) == pytest.approx(why["probability_up"], abs=1e-9)


async def test_under_load_a_version_is_swapped_and_a_stop_is_orderly_without_a_lost_request(
    start: Start, versions: Versions, issuer: Issuer
):
    first, second = versions.add(seed=1), versions.add(seed=2)
    versions.name(CHAMPION, first)
    server = start(drain_seconds=1.5, stop_seconds=5)
    server.wait_until_ready()
    answered: list[tuple[int, str]] = []
    stopping, swapped = asyncio.Event(), asyncio.Event()
    body = {"inputs": inputs(40)}

    async def load(client: httpx.AsyncClient) -> None:
        while not stopping.is_set():
            answer = await client.post(f"{MODEL}/predict", json=body)
            answered.append((answer.status_code, answer.json()["version"]))
            if answered[-1][1] == second:
                swapped.set()

    async with httpx.AsyncClient(base_url=server.url, headers=issuer.headers("service"), timeout=20) as client:
        tasks = [asyncio.create_task(load(client)) for _ in range(6)]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(versions.name, CHAMPION, second)
        await asyncio.wait_for(swapped.wait(), timeout=30)
        await asyncio.sleep(0.3)
        server.terminate()
        await asyncio.sleep(0.5)
        stopping.set()
        await asyncio.gather(*tasks)
    assert server.end() == 0
    assert {status for status, _ in answered} == {200}
    assert {version for _, version in answered} == {first, second}


def test_a_broken_version_is_refused_and_the_old_one_goes_on(start: Start, versions: Versions, issuer: Issuer):
    good = versions.add(seed=1)
    versions.name(CHAMPION, good)
    server = start()
    server.wait_until_ready()

    def mix_up(folder: Path) -> None:
        """Other forests than the facts list, as an upload that was interrupted leaves them."""
        first, second = sorted(folder.glob("*.direction.txt"))
        second.write_text(first.read_text())

    def empty(folder: Path) -> None:
        (folder / FACTS_FILE).unlink()

    for damage, reason in ((mix_up, "not the file that model.json lists"), (empty, "0 files model.json")):
        bad = versions.add(seed=2, damage=damage)
        versions.name(CHAMPION, bad)
        wait(lambda bad=bad: [one["version"] for one in told(server, issuer)["failures"]] == [bad])  # type: ignore[misc]
        assert reason in told(server, issuer)["failures"][0]["reason"]
        assert ask(server, issuer)["version"] == good
        assert server.checks() == {"model": None}
    assert server.metric("model_load_failures_total", alias="champion") >= 2
    better = versions.add(seed=3)
    versions.name(CHAMPION, better)
    wait(lambda: ask(server, issuer)["version"] == better)
    assert told(server, issuer)["failures"] == []


def test_a_challenger_answers_its_share_and_shadows_the_rest(start: Start, versions: Versions, issuer: Issuer):
    first, second = versions.add(seed=1), versions.add(seed=2)
    versions.name(CHAMPION, first)
    versions.name(CHALLENGER, second)
    server = start(traffic_canary_percent=30, traffic_shadow="true")
    server.wait_until_ready()
    wait(lambda: len(told(server, issuer)["versions"]) == 2)
    seen = [(answer["variant"], answer["version"]) for answer in (ask(server, issuer) for _ in range(60))]
    assert set(seen) == {("champion", first), ("canary", second)}
    by_champion = 2 * sum(variant == "champion" for variant, _ in seen)

    def compared() -> float:
        return sum(server.metric("model_shadow_rows_total", agrees=agrees, version=second) for agrees in ("yes", "no"))

    wait(lambda: compared() == by_champion)


def test_mlflow_going_away_changes_nothing_that_is_in_service(
    start: Start, versions: Versions, issuer: Issuer, mlflow_server: MlflowServer
):
    version = versions.add(seed=1)
    versions.name(CHAMPION, version)
    server = start(mlflow_timeout_seconds=1)
    server.wait_until_ready()
    mlflow_server.kill()
    try:
        wait(lambda: server.metric("model_source_failures_total") > 0)
        assert server.checks() == {"model": None}
        assert ask(server, issuer)["version"] == version
        assert "MLflow at" in told(server, issuer)["failures"][0]["reason"]
    finally:
        mlflow_server.start()
    wait(lambda: told(server, issuer)["failures"] == [])
