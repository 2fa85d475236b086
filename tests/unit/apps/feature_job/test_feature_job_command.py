"""feature-job before it reaches a store: its settings, its migrations, its patience."""

import os
from pathlib import Path

import pytest
from feature_job import __main__ as command
from feature_job import job
from feature_job.database import DatabaseError, grant, migrations
from feature_job.job import _patiently
from feature_job.online import materialize
from feature_job.settings import FeatureJobSettings
from servicekit.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("FEATURE_JOB_"):
            monkeypatch.delenv(name)


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATURE_JOB_REDIS_HOST", "127.0.0.1")
    monkeypatch.setenv("FEATURE_JOB_POSTGRES_HOST", "127.0.0.1")


def test_without_its_stores_it_does_not_start_and_names_the_variables(capsys: pytest.CaptureFixture[str]):
    assert command.main([]) == 2
    said = capsys.readouterr().err
    assert "FEATURE_JOB_REDIS_HOST: not set" in said
    assert "FEATURE_JOB_POSTGRES_HOST: not set" in said


def test_another_mode_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        command.main(["everything"])
    assert ended.value.code == 2
    assert "load" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("MODE", "everything", "'load', 'materialize' or 'all'"),
        ("TENANTS", "platform,Trading Desk", "'Trading Desk' is no tenant's name"),
        ("TENANTS", "a:b", "'a:b' is no tenant's name"),
        ("POSTGRES_CA_FILE", "/ca.pem", "ca_file is not used with sslmode prefer: set verify-full, or remove it"),
    ],
)
@pytest.mark.usefixtures("stores")
def test_settings_that_cannot_work_are_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str):
    monkeypatch.setenv(f"FEATURE_JOB_{variable}", value)
    with pytest.raises(SettingsError, match=said):
        load_settings(FeatureJobSettings)


@pytest.mark.usefixtures("stores")
def test_tenants_count_once_each(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FEATURE_JOB_TENANTS", "platform,trading-desk,platform")
    assert load_settings(FeatureJobSettings).tenant_names == ("platform", "trading-desk")


def test_the_migrations_are_numbered_without_a_gap():
    assert [one.version for one in migrations()] == list(range(1, len(migrations()) + 1))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["0001_one.sql", "0003_three.sql"], "must be numbered from 0001 on without a gap"),
        (["0001_one.sql", "0001_other.sql"], "must be numbered from 0001 on without a gap"),
        (["1_one.sql"], "1_one.sql: a migration is named like 0001_what_it_does.sql"),
    ],
)
def test_migrations_out_of_order_are_refused(tmp_path: Path, names: list[str], said: str):
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(DatabaseError, match=said):
        migrations(tmp_path)


def test_grants_that_are_not_there_are_named(tmp_path: Path):
    with pytest.raises(DatabaseError, match="No such file or directory; mount the file with the grants there"):
        grant(None, tmp_path / "grants.sql")  # type: ignore[arg-type] - it is read before anything is asked


@pytest.mark.usefixtures("stores")
def test_without_features_in_the_tables_no_store_is_emptied(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job, "newest_features", lambda _connection: {})
    monkeypatch.setattr(job, "client", lambda _settings: pytest.fail("Redis was reached for"))
    with pytest.raises(DatabaseError, match=r"no symbol has features, .*: run the mode load or all first"):
        job._materialize(None, load_settings(FeatureJobSettings))  # type: ignore[arg-type] - it is not looked at
    with pytest.raises(ValueError, match="no rows for the tenant platform: its store is left as it is"):
        materialize(None, "platform", {})  # type: ignore[arg-type] - as above


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_store_that_starts_late_is_waited_for():
    time, tries = Time(), []

    def act() -> str:
        tries.append(time.now)
        if time.now < 7:
            raise ConnectionError("refused")
        return "there"

    assert _patiently(60, act, ConnectionError, "Redis", sleep=time.sleep, clock=lambda: time.now) == "there"
    assert len(tries) < 10, "the pauses grow"


def test_a_store_that_never_starts_is_given_up_with_its_own_error():
    time = Time()

    def act() -> None:
        raise ConnectionError("refused")

    with pytest.raises(ConnectionError, match="refused"):
        _patiently(20, act, ConnectionError, "Redis", sleep=time.sleep, clock=lambda: time.now)
    assert 10 < time.now <= 20
