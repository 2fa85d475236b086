from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict
from servicekit.settings import ServiceSettings, SettingsError, load_settings


class Store(BaseModel):
    model_config = ConfigDict(extra="forbid")

    host: str = Field(default="db", description="Where it is")
    tls: bool = Field(default=False, description="Whether it is encrypted")
    ca: str = Field(default="public", description="Whose certificate it has")
    ca_file: str = Field(default="", description="Who signed its certificate")
    sasl_password: str = Field(description="How to get in")


class VaultSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="VAULT_")

    store: Store = Field(description="A store.")


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    monkeypatch.setenv("VAULT_STORE_SASL_PASSWORD_FILE", str(file))
    return file


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(VaultSettings)
    return str(caught.value)


def test_a_secret_is_read_from_the_file_that_its_variable_names_without_the_last_newline():
    assert load_settings(VaultSettings).store.sasl_password == "s3cret"


def test_other_settings_of_the_same_group_are_read_from_the_environment_beside_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VAULT_STORE_HOST", "other")
    monkeypatch.setenv("VAULT_STORE_CA_FILE", "/ca.crt")
    store = load_settings(VaultSettings).store
    assert (store.host, store.ca_file, store.sasl_password) == ("other", "/ca.crt", "s3cret")


def test_a_secret_that_is_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VAULT_STORE_SASL_PASSWORD", "other")
    assert "VAULT_STORE_SASL_PASSWORD_FILE: VAULT_STORE_SASL_PASSWORD is set as well; keep one" in refusal()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"\n", "empty"), (b"\xff\xfe", "not UTF-8 text"), (b"x" * 70_000, "longer than 65536 bytes")],
)
def test_a_file_that_holds_no_secret_is_refused_with_its_path_and_never_its_content(
    content: bytes, reason: str, secret: Path
):
    secret.write_bytes(content)
    message = refusal()
    assert f"VAULT_STORE_SASL_PASSWORD_FILE = '{secret}': {reason}; name the file that holds" in message
    assert "xxx" not in message


def test_a_file_that_is_not_there_is_named_with_the_reason(secret: Path):
    secret.unlink()
    assert f"'{secret}': No such file or directory" in refusal()


def test_every_setting_may_come_from_a_file_and_is_checked_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, content in (("STORE_HOST", "db.example\n"), ("LISTEN_PORT", "81"), ("STORE_TLS", "true")):
        (tmp_path / name).write_text(content)
        monkeypatch.setenv(f"VAULT_{name}_FILE", str(tmp_path / name))
    settings = load_settings(VaultSettings)
    assert (settings.store.host, settings.listen_port, settings.store.tls) == ("db.example", 81, True)
    (tmp_path / "LISTEN_PORT").write_text("many")
    assert "VAULT_LISTEN_PORT = 'many': Input should be a valid integer" in refusal()


def test_a_setting_that_is_a_file_itself_is_not_taken_for_the_file_of_another(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VAULT_STORE_CA", "internal")
    monkeypatch.setenv("VAULT_STORE_CA_FILE", "/ca.crt")
    store = load_settings(VaultSettings).store
    assert (store.ca, store.ca_file) == ("internal", "/ca.crt")


def test_a_misspelt_setting_is_refused_also_with_a_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VAULT_STORE_HOTS_FILE", "/host")
    assert "VAULT_STORE_HOTS_FILE: no such setting" in refusal()
