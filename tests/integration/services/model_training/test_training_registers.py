"""The job against a real MLflow and a real PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from model_training.job import run
from model_training.settings import ModelTrainingSettings
from pricemodel.market import GeneratedMarket
from pricemodel.registry import CHALLENGER, CHAMPION, ModelRegistry, RegistryError, RegistrySettings
from pydantic import SecretStr

from tests.support.mlflow import MlflowServer
from tests.support.postgres import PostgresServer
from tests.support.price_models import SYMBOLS

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:.*input example was not provided"),
]

NAME = "features_of_the_training"
TABLE = "CREATE TABLE commodity_prices_daily (symbol text, day date, close numeric, PRIMARY KEY (symbol, day))"


@pytest.fixture(scope="module")
def tables(postgres_server: PostgresServer) -> PostgresServer:
    """Two histories, as feature-job writes them."""
    postgres_server.create_database(NAME)
    with postgres_server.connect(NAME) as connection:
        connection.execute(TABLE)
        for symbol in SYMBOLS:
            history = GeneratedMarket(7, symbol).history(1000)
            rows = [
                (symbol, day, close) for day, close in zip(history.days.tolist(), history.closes.tolist(), strict=True)
            ]
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO commodity_prices_daily VALUES (%s, %s, %s)", rows)
    return postgres_server


@pytest.fixture
def environment(
    mlflow_server: MlflowServer, tables: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Variables of the job: few trees and years, so that a training takes a second."""
    variables = {
        "MODEL_TRAINING_MLFLOW_TRACKING_URI": mlflow_server.url,
        "MODEL_TRAINING_TREES": "40",
        "MODEL_TRAINING_HELD_OUT_YEARS": "1",
        "MODEL_TRAINING_VALIDATION_YEARS": "1",
        "MODEL_TRAINING_FOLDS": "2",
        "MODEL_TRAINING_REVISION": "abc123",
        "MODEL_TRAINING_WAIT_SECONDS": "0",
        **tables.environment("MODEL_TRAINING_", NAME),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def registry(mlflow_server: MlflowServer) -> ModelRegistry:
    return ModelRegistry(RegistrySettings(tracking_uri=mlflow_server.url))


def fresh(mlflow_server: MlflowServer) -> ModelRegistry:
    """A registry without the model, whatever other tests of the process have registered."""
    models = registry(mlflow_server)
    for known in models.client.search_registered_models(f"name = '{models.name}'"):
        models.client.delete_registered_model(known.name)
    return models


def trained(progress: list[str] | None = None, **changed: object) -> tuple[str, bool, str]:
    outcome = run(ModelTrainingSettings(**changed), (progress if progress is not None else []).append)  # type: ignore[arg-type]
    assert outcome
    return outcome.version, outcome.promoted, outcome.reason


def test_the_life_of_a_model_in_the_registry(environment: dict[str, str], mlflow_server: MlflowServer, tmp_path: Path):
    models = fresh(mlflow_server)
    assert models.named(CHAMPION) is None

    ended = subprocess.run(
        [sys.executable, "-m", "model_training"],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (lines[-1]["event"], lines[-1]["model_version"], lines[-1]["champion"]) == ("done", "1", True)
    assert list(tmp_path.iterdir()) == [], "the job leaves nothing beside it"

    first = models.named(CHAMPION)
    assert first
    assert first.version == "1"
    (tmp_path / "fetched").mkdir()
    model = models.fetch("1", tmp_path / "fetched")
    model.self_test()
    assert model.facts.symbols == SYMBOLS

    version = models.client.get_model_version(models.name, "1")
    logged = models.client.get_run(version.run_id)
    assert version.tags["training_data_sha256"] == model.facts.training_data_sha256
    assert logged.data.tags["mlflow.source.git.commit"] == "abc123"
    assert logged.data.params["trees"] == "40"
    assert {f"{symbol}.share_of_optimum" for symbol in SYMBOLS} < set(logged.data.metrics)
    assert {"report.json", "report.md"} <= {one.path for one in models.client.list_artifacts(version.run_id)}

    # Equal data and seed: an equal model, which is not registered again.
    assert trained() == ("1", True, "the champion is this very model")

    # A worse one, grown of few trees: a version, but no champion; and again, then no further version either.
    version, promoted, reason = trained(trees=10, seed=5)
    assert (version, promoted) == ("2", False)
    assert reason.endswith("worse")
    assert models.named(CHAMPION) == first
    challenger = models.named(CHALLENGER)
    assert challenger
    assert challenger.version == "2"
    assert models.client.get_model_version(models.name, "2").tags["decision"] == reason
    assert trained(trees=10, seed=5)[0] == "2"

    # Worse, but within a tolerance: promoted.
    assert trained(trees=10, seed=5, tolerance=0.1)[:2] == ("2", True)
    # And a better one takes over again.
    version, promoted, reason = trained(trees=80)
    assert (version, promoted) == ("3", True)
    assert reason.endswith("not worse")


def test_a_champion_that_cannot_be_read_is_replaced_and_told(environment: dict[str, str], mlflow_server: MlflowServer):
    models = fresh(mlflow_server)
    assert trained(trees=10)[:2] == ("1", True)
    source, run_id = _stranger(models)
    other = models.client.create_model_version(models.name, source, run_id=run_id)
    models.client.set_registered_model_alias(models.name, CHAMPION, other.version)
    progress: list[str] = []
    version, promoted, reason = trained(progress, trees=10, seed=9)
    assert (version, promoted) == ("3", True)
    assert reason == "there is no champion that could be compared"
    assert any(f"version {other.version}, cannot be read" in line for line in progress)


def _stranger(models: ModelRegistry) -> tuple[str, str]:
    """An artifact of a run that is no price model, and the run."""
    started = models.client.create_run(models.client.get_experiment_by_name(models.name).experiment_id)
    models.client.log_text(started.info.run_id, "hello", "model/readme.txt")
    return f"runs:/{started.info.run_id}/model", started.info.run_id


def test_an_empty_or_missing_table_ends_with_a_sentence(
    environment: dict[str, str],
    tables: PostgresServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    from model_training import __main__ as command
    from servicekit import program as programs

    monkeypatch.setattr(programs, "setup_logging", lambda **_settings: None)
    tables.create_database("empty_of_the_training")
    monkeypatch.setenv("MODEL_TRAINING_POSTGRES_DATABASE", "empty_of_the_training")
    assert command.main([]) == 1
    assert "table commodity_prices_daily: there is no such table; run feature-job first" in capsys.readouterr().err
    with tables.connect("empty_of_the_training") as connection:
        connection.execute(TABLE)
    assert command.main([]) == 1
    assert "the table is empty; run feature-job first" in capsys.readouterr().err


def test_a_wrong_password_and_a_server_that_is_away_are_told_without_the_password(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from model_training import __main__ as command
    from servicekit import program as programs

    monkeypatch.setattr(programs, "setup_logging", lambda **_settings: None)
    monkeypatch.setenv("MODEL_TRAINING_POSTGRES_PASSWORD", "wrong-password-of-a-test")
    assert command.main([]) == 1
    told = capsys.readouterr().err
    assert "password authentication failed" in told
    assert "wrong-password-of-a-test" not in told
    monkeypatch.setenv("MODEL_TRAINING_POSTGRES_PORT", "1")
    assert command.main([]) == 1
    assert "check MODEL_TRAINING_POSTGRES_*" in capsys.readouterr().err


def test_an_mlflow_that_is_away_is_named_with_its_address():
    away = ModelRegistry(
        RegistrySettings(tracking_uri="http://127.0.0.1:1", username="me", password=SecretStr("secret-of-a-test"))
    )
    with pytest.raises(
        RegistryError, match=r"MLflow at http://127\.0\.0\.1:1, commodity-price, alias champion: "
    ) as told:
        away.named(CHAMPION)
    assert "secret-of-a-test" not in str(told.value)
    os.environ.pop("MLFLOW_TRACKING_USERNAME")
    os.environ.pop("MLFLOW_TRACKING_PASSWORD")


def test_the_job_waits_for_what_comes_later(
    environment: dict[str, str], mlflow_server: MlflowServer, tables: PostgresServer, monkeypatch: pytest.MonkeyPatch
):
    fresh(mlflow_server)
    trained(trees=10)
    tables.create_database("late_of_the_training")
    progress: list[str] = []

    def sleep(_seconds: float) -> None:
        """What feature-job does in the meantime."""
        with tables.connect("late_of_the_training") as connection:
            connection.execute(TABLE)
            history = GeneratedMarket(7, SYMBOLS[0]).history(1000)
            for day, close in zip(history.days.tolist(), history.closes.tolist(), strict=True):
                connection.execute("INSERT INTO commodity_prices_daily VALUES (%s, %s, %s)", (SYMBOLS[0], day, close))

    monkeypatch.setattr("model_training.job.time.sleep", sleep)
    monkeypatch.setenv("MODEL_TRAINING_POSTGRES_DATABASE", "late_of_the_training")
    assert (
        trained(progress, trees=10, wait_seconds=30.0)[2] == f"it does not know {SYMBOLS[1]}, which the champion knows"
    )
    assert "waiting: PostgreSQL" in progress[0]
