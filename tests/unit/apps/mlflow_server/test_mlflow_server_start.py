import re
from pathlib import Path

import pytest
from mlflow_server.__main__ import SettingError, main, server_environment

ROOT = Path(__file__).parents[4]


def version(file: str, package: str) -> str:
    found = re.search(rf"^{package}==(\S+)", (ROOT / file).read_text(), re.MULTILINE)
    assert found, f"{file} does not pin {package}"
    return found.group(1)


def test_the_password_of_the_file_is_handed_to_libpq_without_its_newline(tmp_path: Path):
    file = tmp_path / "password"
    file.write_text("secret\n")
    environment = server_environment({"PGPASSWORD_FILE": str(file), "HOME": "/tmp"})
    assert environment["PGPASSWORD"] == "secret"
    assert environment["HOME"] == "/tmp"
    assert "PGPASSWORD_FILE" not in environment


def test_a_host_that_is_known_when_the_pod_starts_comes_from_a_file_and_tls_from_the_environment(tmp_path: Path):
    file = tmp_path / "host"
    file.write_text("db.rds.example\n")
    tls = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/etc/rds/ca.pem"}
    environment = server_environment({"PGHOST_FILE": str(file), **tls})
    assert environment["PGHOST"] == "db.rds.example"
    assert environment.items() >= tls.items()
    assert "PGHOST_FILE" not in environment


def test_nobody_runs_jobs_and_nothing_is_reported_unless_that_is_said():
    assert server_environment({})["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert server_environment({})["MLFLOW_DISABLE_TELEMETRY"] == "true"
    said = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "true"}
    assert server_environment(said)["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "true"


@pytest.mark.parametrize(("content", "words"), [(b"", "the file is empty"), (b"\xff", "not UTF-8 text")])
@pytest.mark.parametrize("variable", ["PGPASSWORD", "PGHOST"])
def test_a_file_that_holds_nothing_is_refused(tmp_path: Path, variable: str, content: bytes, words: str):
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(SettingError, match=f"{variable}_FILE = .*{words}"):
        server_environment({f"{variable}_FILE": str(file)})


def test_a_missing_file_ends_it_with_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PGPASSWORD_FILE", "/nowhere")
    assert main([]) == 2
    said = capsys.readouterr().err
    assert (
        said
        == "mlflow-server: PGPASSWORD_FILE = '/nowhere': No such file or directory; mount the role's Secret there\n"
    )


@pytest.mark.parametrize("variable", ["PGPASSWORD", "PGHOST"])
def test_a_variable_and_a_file_for_it_are_one_too_many(variable: str):
    with pytest.raises(SettingError, match=f"{variable}_FILE: {variable} is set as well; keep one of them"):
        server_environment({f"{variable}_FILE": "/nowhere", variable: "x"})


def test_the_server_is_of_the_version_of_its_clients():
    lock = "apps/services/mlflow_server/requirements.lock"
    assert version(lock, "mlflow") == version(lock, "mlflow-skinny") == version("locks/dev.txt", "mlflow-skinny")
