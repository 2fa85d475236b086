"""MLflow's server as its image starts it, with a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.mlflow import MlflowServer, new_mlflow, running_mlflow
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.tls_front import tls_front

pytestmark = pytest.mark.integration

MODEL = "commodity-price"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[dict[str, str]]:
    """What libpq is told of a database whose host is in a file and whose certificate is verified, as on RDS."""
    folder = tmp_path_factory.mktemp("database")
    authority = Authority(folder)
    (folder / "host").write_text("localhost\n")
    with tls_front(postgres_server.port, authority.issue("localhost"), postgres=True) as port:
        yield {
            "PGHOST_FILE": str(folder / "host"),
            "PGPORT": str(port),
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(authority.file),
        }


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, database: dict[str, str]
) -> Iterator[MlflowServer]:
    with running_mlflow(tmp_path_factory.mktemp("mlflow") / "server", postgres_server, database) as running:
        yield running


@pytest.fixture
def client(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    return MlflowClient(server.url)


def test_a_run_with_its_files_becomes_a_version_that_an_alias_names_also_after_a_kill(
    server: MlflowServer, client: Any, tmp_path: Path
):
    import mlflow

    file = tmp_path / "model.txt"
    file.write_text("a forest")
    run = client.create_run(client.create_experiment("prices"))
    client.log_metric(run.info.run_id, "precision", 0.5)
    client.log_artifact(run.info.run_id, str(file), "model")
    client.create_registered_model(MODEL)
    version = client.create_model_version(MODEL, f"{run.info.artifact_uri}/model", run.info.run_id)
    client.set_registered_model_alias(MODEL, "champion", version.version)

    server.kill()
    server.start()

    champion = client.get_model_version_by_alias(MODEL, "champion")
    assert champion.version == version.version
    assert client.get_run(run.info.run_id).data.metrics == {"precision": 0.5}
    # From this server by name: where this process was told to look may be another test's.
    kept = mlflow.artifacts.download_artifacts(f"{champion.source}/model.txt", tracking_uri=server.url)
    assert Path(kept).read_text() == "a forest"


def test_it_keeps_away_from_a_database_that_another_authority_vouches_for(
    tmp_path: Path, postgres_server: PostgresServer, database: dict[str, str]
):
    other = {**database, "PGSSLROOTCERT": str(Authority(tmp_path, "other").file)}
    server = new_mlflow(tmp_path / "server", postgres_server, other)
    try:
        server.process.start(lambda: "certificate verify failed" in server.process.log.read_text())
        assert not server.answers()
    finally:
        server.kill()


def test_a_request_for_another_host_is_refused(server: MlflowServer):
    request = urllib.request.Request(f"{server.url}/api/2.0/mlflow/experiments/get?experiment_id=0")
    request.add_header("Host", "evil.example")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 403


def test_the_password_is_in_no_command_line_and_no_log(server: MlflowServer):
    command = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    assert PASSWORD.encode() not in command
    assert PASSWORD not in server.process.log.read_text()


def test_it_is_one_process_that_ends_when_it_is_told_to(server: MlflowServer):
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert children == []
    assert server.process.process is not None
    os.kill(pid, signal.SIGTERM)
    assert server.process.process.wait(timeout=20) in (0, -signal.SIGTERM)
