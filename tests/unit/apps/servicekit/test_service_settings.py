import os

import pytest
from pydantic import BaseModel, Field
from pydantic_settings import SettingsConfigDict
from servicekit.settings import ServiceSettings, SettingsError, load_settings


class Store(BaseModel):
    host_name: str = Field(description="Where it is", examples=["db.local"])
    password: str = Field(default="", max_length=4, description="How to get in")


class DemoSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="DEMO_")

    store: Store = Field(description="A store.")


@pytest.fixture(autouse=True)
def demo_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("DEMO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DEMO_STORE_HOST_NAME", "db")


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(DemoSettings)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_nested_settings_are_read_from_flat_variables():
    assert load_settings(DemoSettings).store.host_name == "db"


def test_a_missing_variable_is_named_with_its_meaning_and_an_example(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DEMO_STORE_HOST_NAME")
    assert "DEMO_STORE_HOST_NAME: not set; Where it is; for example 'db.local'" in refusal()


def test_a_missing_variable_beside_a_given_one_is_named_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DEMO_STORE_HOST_NAME")
    monkeypatch.setenv("DEMO_STORE_PASSWORD", "x")
    assert "DEMO_STORE_HOST_NAME: not set" in refusal()


def test_a_misspelt_variable_is_refused_with_the_right_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEMO_STORE_HOSTNAME", "db")
    assert "DEMO_STORE_HOSTNAME: no such setting; did you mean DEMO_STORE_HOST_NAME?" in refusal()


def test_a_variable_that_resembles_nothing_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEMO_X", "1")
    assert "DEMO_X: no such setting; known are DEMO_DRAIN_SECONDS, " in refusal()


@pytest.mark.parametrize(
    "name",
    ["DEMO_PORT", "DEMO_SERVICE_HOST", "DEMO_SERVICE_PORT", "DEMO_SERVICE_PORT_HTTP", "DEMO_PORT_8080_TCP_ADDR"],
)
def test_variables_that_kubernetes_injects_for_a_service_of_our_name_are_left_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(name, "tcp://10.0.0.1:8080")
    assert load_settings(DemoSettings).listen_port == 8080


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("DEMO_LISTEN_PORT", "65536", "less than or equal to 65535"),
        ("DEMO_LISTEN_PORT", "http", "valid integer"),
        ("DEMO_LISTEN_HOST", "", "at least 1 character"),
        ("DEMO_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("DEMO_DRAIN_SECONDS", "-1", "greater than or equal to 0"),
        ("DEMO_STOP_SECONDS", "0", "greater than or equal to 1"),
        ("DEMO_GRACE_SECONDS", "301", "less than or equal to 300"),
    ],
)
def test_a_wrong_value_is_named_with_its_limit(name: str, value: str, limit: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, value)
    message = refusal()
    assert f"{name} = {value!r}: " in message
    assert limit in message


def test_a_stop_that_would_outlast_the_pods_grace_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEMO_DRAIN_SECONDS", "12")
    assert "drain_seconds (12) + stop_seconds (20) must be less than grace_seconds (30)" in refusal()


def test_the_value_of_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEMO_STORE_PASSWORD", "canary")
    message = refusal()
    assert "DEMO_STORE_PASSWORD = ***" in message
    assert "canary" not in message


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEMO_LISTEN_PORT", "x")
    monkeypatch.setenv("DEMO_STOP_SECONDS", "x")
    monkeypatch.setenv("DEMO_STOPSECONDS", "x")
    assert len(refusal().splitlines()) == 4
