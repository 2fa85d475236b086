import os
import socket

import pytest
from stream_gateway import __main__ as command
from stream_gateway import __version__


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("STREAM_GATEWAY_"):
            monkeypatch.delenv(name)


def test_without_kafka_it_does_not_start_and_names_the_variable(capsys: pytest.CaptureFixture[str]):
    assert command.main([]) == 2
    assert "STREAM_GATEWAY_KAFKA_BOOTSTRAP_SERVERS: not set" in capsys.readouterr().err


def test_a_port_in_use_is_told_with_its_address_and_the_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(command, "setup_logging", lambda **_settings: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("STREAM_GATEWAY_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
        monkeypatch.setenv("STREAM_GATEWAY_LISTEN_HOST", "127.0.0.1")
        monkeypatch.setenv("STREAM_GATEWAY_LISTEN_PORT", str(port))
        assert command.main([]) == 1
    message = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; stop what uses it or set another" in message


def test_an_address_of_no_interface_is_told_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(command, "setup_logging", lambda **_settings: None)
    monkeypatch.setenv("STREAM_GATEWAY_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("STREAM_GATEWAY_LISTEN_HOST", "not an address")
    assert command.main([]) == 1
    assert "cannot listen on not an address:8080" in capsys.readouterr().err


def test_the_version_can_be_asked_for(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        command.main(["--version"])
    assert capsys.readouterr().out == f"stream-gateway {__version__}\n"
