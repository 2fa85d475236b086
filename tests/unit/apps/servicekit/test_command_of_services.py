"""The command line that all services share: what it prints, with which code it ends, and what it tells people."""

import json
import socket
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic_settings import SettingsConfigDict
from servicekit import command
from servicekit import program as programs
from servicekit.command import Serving, run_service
from servicekit.health import Health
from servicekit.program import Program
from servicekit.settings import ServiceSettings, SettingsError

PROGRAM = Program("odd-jobs", "9.9", "Do what is left.")


class OddJobsSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="ODD_JOBS_")


class FullError(Exception):
    exit_code = 3


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "setup_logging", lambda **_settings: None)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was served, instead of serving it."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(command, "serve", lambda app, *_more, **named: calls.append({"app": app, **named}))
    return calls


def documented() -> FastAPI:
    return FastAPI(title="odd-jobs")


def run(arguments: list[str], serving: Serving | None = None) -> int:
    made = serving or Serving(FastAPI(), Health([]))
    return run_service(
        PROGRAM, arguments, settings=OddJobsSettings, documented=documented, create=lambda _settings: made
    )


def test_a_service_that_was_told_to_end_ends_with_0(served: list[dict[str, Any]]):
    serving = Serving(FastAPI(), Health([]), web_sockets=lambda: None, on_stop=lambda: None)
    assert run([], serving) == 0
    assert served == [{"app": serving.app, "web_sockets": serving.web_sockets, "on_stop": serving.on_stop}]


@pytest.mark.usefixtures("served")
def test_a_service_that_ended_itself_ends_with_1():
    assert run([], Serving(FastAPI(), Health([]), failure=lambda: RuntimeError("fenced"))) == 1


def test_wrong_settings_end_with_2_and_name_the_variable_its_value_and_the_limit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], served: list[dict[str, Any]]
):
    monkeypatch.setenv("ODD_JOBS_LISTEN_PORT", "99999")
    monkeypatch.setenv("ODD_JOBS_LOG_LEVLE", "info")
    assert run([]) == 2
    assert served == []
    assert capsys.readouterr().err == (
        "odd-jobs: the settings are not valid:\n"
        "  ODD_JOBS_LOG_LEVLE: no such setting; did you mean ODD_JOBS_LOG_LEVEL?\n"
        "  ODD_JOBS_LISTEN_PORT = '99999': Input should be less than or equal to 65535; "
        "TCP port; 0 lets the system choose\n"
    )


def test_a_port_in_use_ends_with_1_and_is_told_with_its_address_and_the_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("ODD_JOBS_LISTEN_HOST", "127.0.0.1")
        monkeypatch.setenv("ODD_JOBS_LISTEN_PORT", str(port))
        assert run([]) == 1
    assert capsys.readouterr().err == (
        f"odd-jobs: cannot listen on 127.0.0.1:{port}: Address already in use; stop what uses it or set another port\n"
    )


def test_an_address_of_no_interface_ends_with_1_and_is_told_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("ODD_JOBS_LISTEN_HOST", "not an address")
    assert run([]) == 1
    message = capsys.readouterr().err
    assert message.startswith("odd-jobs: cannot listen on not an address:8080: ")
    assert message.endswith("; set an address of this machine\n")


def test_the_openapi_document_needs_no_settings_and_is_printed_alike_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("ODD_JOBS_LISTEN_PORT", "wrong")
    assert run(["--openapi"]) == 0
    printed = capsys.readouterr().out
    assert printed == json.dumps(documented().openapi(), indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, "odd-jobs 9.9\n"),
        (["--help"], 0, "usage: python -m odd_jobs"),
        (["--serve"], 2, "python -m odd_jobs: error: unrecognized arguments: --serve"),
    ],
)
def test_the_version_help_and_wrong_usage(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
):
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err


@pytest.mark.parametrize(
    ("failure", "code"), [(SettingsError("no port"), 2), (FullError("no room"), 3), (ConnectionError("refused"), 1)]
)
def test_a_failure_that_is_no_mistake_ends_a_job_with_its_code_and_one_sentence(
    capsys: pytest.CaptureFixture[str], failure: Exception, code: int
):
    def work() -> int:
        raise failure

    assert PROGRAM.end(work, FullError, OSError) == code
    assert capsys.readouterr().err == f"odd-jobs: {failure}\n"


def test_a_mistake_of_the_program_is_shown_as_one():
    def work() -> int:
        raise KeyError("price")

    with pytest.raises(KeyError):
        PROGRAM.end(work, OSError)


def test_a_jobs_own_code_is_the_processs():
    assert PROGRAM.end(lambda: 4) == 4
