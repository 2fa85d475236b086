import pytest

from sandbox.cli.main import main, parser
from sandbox.errors import ConfigurationError, SandboxError


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["up", "--engine", "steam"],
        ["render"],
        ["logs", "--lines", "many"],
        ["logs", "--lines", "-5"],
        ["token", "--role", "", "--tenant", "platform"],
        ["token", "--role", "analyst", "--tenant", " "],
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "sandbox" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "preview", "down", "status", "rehearse", "doctor", "tools", "logs"])
def test_every_command_takes_stack_name_and_json(command: str) -> None:
    arguments = parser().parse_args([command, "--stack", "dev", "--name", "mine", "--json"])
    assert (arguments.command, arguments.stack, arguments.name, arguments.json) == (command, "dev", "mine", True)


@pytest.mark.parametrize(("error", "code"), [(SandboxError("it broke"), 1), (ConfigurationError("it is wrong"), 2)])
def test_an_error_is_a_sentence_and_an_exit_code(
    error: SandboxError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise error

    monkeypatch.setattr("sandbox.cli.main._load", lambda _: broken)
    assert main(["status"]) == code
    assert capsys.readouterr().err == f"error: {error.what}.\n"


@pytest.mark.parametrize("command", [["render", "--out", "x"], ["up"], ["down"], ["preview"], ["rehearse"]])
def test_an_unknown_stack_is_refused_with_the_known_ones(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--stack", "moon"]) == 2
    assert "use one of: dev, local, prod" in capsys.readouterr().err


def test_a_bad_sandbox_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "--name", "No_Good"]) == 2
    assert "DNS label" in capsys.readouterr().err


def test_an_insisted_on_pulumi_cli_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["up", "--engine", "pulumi"]) == 2
    assert "no Pulumi CLI on PATH" in capsys.readouterr().err
