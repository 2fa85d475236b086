import os

import pytest
from fastapi import FastAPI
from servicekit import command as services
from servicekit import program as programs
from servicekit.settings import load_settings
from stream_gateway import __main__ as command
from stream_gateway.settings import StreamGatewaySettings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("STREAM_GATEWAY_"):
            monkeypatch.delenv(name)
    for name, value in {
        "AUTH_ISSUER": "https://id.test",
        "AUTH_AUDIENCE": "a",
        "AUTH_JWKS_URL": "https://id.test/keys",
        "TOPICS": "prices, predictions",
        "TENANT_TOPICS": '{"desk": ["prices"]}',
    }.items():
        monkeypatch.setenv(f"STREAM_GATEWAY_{name}", value)


def test_without_kafka_it_does_not_start_and_names_the_variable(capsys: pytest.CaptureFixture[str]):
    assert command.main([]) == 2
    assert "STREAM_GATEWAY_KAFKA_BOOTSTRAP_SERVERS: not set" in capsys.readouterr().err


def test_topics_are_read_from_text_and_those_of_tenants_from_json(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STREAM_GATEWAY_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    settings = load_settings(StreamGatewaySettings)
    assert (settings.topics, dict(settings.tenant_topics)) == (("prices", "predictions"), {"desk": ("prices",)})


def test_a_failure_beside_the_requests_is_an_exit_code(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STREAM_GATEWAY_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setattr(programs, "setup_logging", lambda **_settings: None)

    def serve(app: FastAPI, *_arguments: object, **_more: object) -> None:
        background.failure = RuntimeError("gone")

    made = command.create_service(load_settings(StreamGatewaySettings))
    background = made.background
    monkeypatch.setattr(command, "create_service", lambda _settings: made)
    monkeypatch.setattr(services, "serve", serve)
    assert command.main([]) == 1
