import json
from contextlib import nullcontext
from typing import Any

import pytest

from sandbox.cli.main import main
from sandbox.deploy.cloud import calls, preflight
from sandbox.deploy.cloud.preflight import Declared
from sandbox.deploy.pulumi_cli import PulumiCli
from tests.support.fake_aws import FakeAws

PINNED = "444455556666"
STRANGER = {"get_caller_identity": {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/ann"}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[FakeAws]:
    """AWS as somebody reaches it who is signed in to another account."""
    made: list[FakeAws] = []

    def connect(region: str) -> FakeAws:
        made.append(FakeAws(STRANGER, region))
        return made[-1]

    for module in (calls, "sandbox.cli.doctor", "sandbox.cli.bootstrap"):
        target = f"{module}.LiveAws" if isinstance(module, str) else "sandbox.deploy.cloud.calls.LiveAws"
        monkeypatch.setattr(target, connect)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    monkeypatch.setattr("sandbox.cli.deploy.run_lock", lambda *_: nullcontext())
    for name in ("sandbox.cli.doctor.declared", "sandbox.deploy.cloud.preflight.declared"):
        monkeypatch.setattr(name, lambda _: Declared())
    return made


@pytest.mark.parametrize("command", ["up", "down", "preview"])
def test_nothing_of_the_cloud_is_touched_by_somebody_who_is_signed_in_elsewhere(
    command: str, asked: list[FakeAws], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def never(*_: Any) -> int:
        raise AssertionError("Pulumi was started")

    monkeypatch.setattr(PulumiCli, command, never)
    assert main([command, "--stack", "prod", "--engine", "pulumi"]) == 1
    assert f"999999999999, and Pulumi.prod.yaml pins aws.accountId {PINNED}" in capsys.readouterr().err
    assert asked[0].region == "us-east-1"


def test_a_stack_on_this_machine_is_not_asked_about(asked: list[FakeAws], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PulumiCli, "up", lambda *_: 0)
    assert main(["up", "--engine", "pulumi"]) == 0
    assert asked == []


def test_doctor_says_what_a_stack_of_the_cloud_lacks(asked: list[FakeAws], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--stack", "prod", "--json"]) == 1
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert found["AWS credential"]["ok"]
    assert found["AWS account"]["fix"] == f"sign in to {PINNED} (AWS_PROFILE), or correct the file"
    assert "state bucket" not in found


def test_doctor_goes_on_where_the_program_refuses_its_configuration(
    asked: list[FakeAws], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> Declared:
        raise preflight.SandboxError("it is refused", fix="mend it")

    monkeypatch.setattr("sandbox.cli.doctor.declared", refuse)
    assert main(["doctor", "--stack", "dev"]) == 1
    assert "MISS  program of dev" in capsys.readouterr().out


def test_bootstrap_makes_nothing_in_another_account(asked: list[FakeAws], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bootstrap", "--stack", "prod"]) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert [operation for operation, _ in asked[0].asked] == ["get_caller_identity"]


def test_bootstrap_of_a_stack_on_this_machine_is_refused(
    asked: list[FakeAws], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bootstrap"]) == 2
    assert "keeps its state on this machine" in capsys.readouterr().err
