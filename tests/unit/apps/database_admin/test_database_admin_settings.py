from pathlib import Path

import pytest
from database_admin.settings import DatabaseAdminSettings
from servicekit.settings import SettingsError, load_settings

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1a2b-3c4d-AbCdEf"


@pytest.fixture(autouse=True)
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "declaration.json").write_text("{}")
    settings = {
        "SECRET_ARN": ARN,
        "REGION": "eu-central-1",
        "DECLARATION_FILE": str(tmp_path / "declaration.json"),
        "POSTGRES_HOST": "db",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"DATABASE_ADMIN_{name}", value)


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(DatabaseAdminSettings)
    return str(caught.value)


def test_host_and_secret_may_come_from_files_that_are_known_when_the_pod_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in (("SECRET_ARN", ARN), ("POSTGRES_HOST", "db.rds.example")):
        monkeypatch.delenv(f"DATABASE_ADMIN_{name}")
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(f"DATABASE_ADMIN_{name}_FILE", str(tmp_path / name))
    settings = load_settings(DatabaseAdminSettings)
    assert (settings.secret_arn, settings.postgres.host) == (ARN, "db.rds.example")
    assert settings.postgres.place == "PostgreSQL db.rds.example:5432/postgres"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SECRET_ARN", "rds!db-1", "no ARN of a secret"),
        ("SECRET_ARN", ARN.replace("secretsmanager", "s3"), "no ARN of a secret"),
        ("REGION", "Frankfurt", "DATABASE_ADMIN_REGION = 'Frankfurt'"),
        ("REGION", "eu-west-1", "region 'eu-west-1': the secret of secret_arn is in 'eu-central-1'; set that"),
        ("DECLARATION_FILE", "/nowhere", "declaration_file '/nowhere': no such file; mount it there"),
        ("POSTGRES_CA_FILE", "/nowhere", "ca_file is not used with sslmode prefer"),
        ("POSTGRES_USER", "me", "DATABASE_ADMIN_POSTGRES_USER: no such setting"),
    ],
)
def test_a_wrong_setting_is_told_with_what_is_right(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str):
    monkeypatch.setenv(f"DATABASE_ADMIN_{name}", value)
    assert told in refusal()


def test_an_authority_that_is_not_mounted_is_told_before_anyone_is_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_ADMIN_POSTGRES_SSLMODE", "verify-full")
    monkeypatch.setenv("DATABASE_ADMIN_POSTGRES_CA_FILE", "/nowhere")
    assert "postgres_ca_file '/nowhere': no such file" in refusal()
