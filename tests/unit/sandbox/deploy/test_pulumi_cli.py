import json
import subprocess
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.control_plane.endpoints import Endpoints
from sandbox.deploy import pulumi_cli
from sandbox.deploy.environment import Environment
from sandbox.deploy.pulumi_cli import PulumiCli
from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths
from sandbox.project import Project

_CONFIG = "config:\n  shop:operators: {mode: install}\n"


class Calls(list[dict[str, Any]]):
    """What was run in place of the Pulumi CLI; creating a stack writes a salt, as Pulumi does."""

    code = 0
    select_code = 0
    printed = ""

    def run(self, command: list[str], *, cwd: Path, env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.append({"command": command, "cwd": cwd, "env": env})
        if command[1] != "stack":
            return subprocess.CompletedProcess(command, self.code, self.printed, "")
        file = cwd / "Pulumi.local.yaml"
        data = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({"encryptionsalt": "v1:made", **data}))
        return subprocess.CompletedProcess(command, self.select_code, "", "error: passphrase must be set\n")

    @property
    def last(self) -> list[str]:
        command: list[str] = self[-1]["command"]
        return command


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    calls = Calls()
    monkeypatch.setattr(subprocess, "run", calls.run)
    return calls


def _where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: str = "local", config: str = _CONFIG) -> Environment:
    (tmp_path / f"Pulumi.{stack}.yaml").write_text(config)
    nowhere = tmp_path / "nowhere"
    endpoints = Endpoints(
        name="shop",
        root=tmp_path,
        api_url="https://127.0.0.1:1",
        ca_path=nowhere,
        client_cert_path=nowhere,
        client_key_path=nowhere,
        kubeconfig_path=tmp_path / "kubeconfig",
        moto_url="http://127.0.0.1:2",
    )
    monkeypatch.setattr(Environment, "start", lambda *_: endpoints)
    monkeypatch.setattr(pulumi_cli, "remember_before", lambda *_: None)
    return Environment(Project(tmp_path, "shop", "infra"), stack, SandboxPaths.of("shop", tmp_path))


def _arguments(**changes: Any) -> Namespace:
    return Namespace(**({"refresh": False, "json": False, "expect_no_changes": False} | changes))


def _written(where: Environment) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((where.paths.home / "pulumi" / "Pulumi.local.yaml").read_text())
    return data


def test_the_local_stack_is_created_and_deployed_with_a_configuration_of_the_sandboxs_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    where = _where(tmp_path, monkeypatch)

    assert PulumiCli(where, print).up(_arguments()) == 0

    created, deployed = calls
    home = where.paths.home / "pulumi"
    assert (created["cwd"], deployed["cwd"]) == (home, tmp_path)
    assert deployed["env"]["PULUMI_BACKEND_URL"] == home.as_uri()
    assert deployed["env"]["KUBECONFIG"] == str(tmp_path / "kubeconfig")
    assert deployed["command"][deployed["command"].index("--config-file") + 1] == str(home / "Pulumi.local.yaml")
    assert _written(where)["config"]["shop:operators"] == {"mode": "crds-only"}
    assert _written(where)["config"]["shop:aws"]["endpoint"] == "http://127.0.0.1:2"
    assert (tmp_path / "Pulumi.local.yaml").read_text() == _CONFIG


def test_the_salt_that_the_stack_was_created_with_is_kept_from_run_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    where = _where(tmp_path, monkeypatch)
    cli = PulumiCli(where, print)
    cli.up(_arguments())
    passphrase = (where.paths.home / "pulumi" / "passphrase").read_text()

    cli.preview(_arguments(expect_no_changes=True))

    assert _written(where)["encryptionsalt"] == "v1:made"
    assert (where.paths.home / "pulumi" / "passphrase").read_text() == passphrase
    assert "--expect-no-changes" in calls.last


def test_a_committed_key_is_used_with_the_users_own_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a word")
    where = _where(tmp_path, monkeypatch, config="encryptionsalt: v1:theirs\n" + _CONFIG)

    PulumiCli(where, print).up(_arguments())

    assert _written(where)["encryptionsalt"] == "v1:theirs"
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in calls[-1]["env"]
    assert calls[-1]["env"]["PULUMI_CONFIG_PASSPHRASE"] == "a word"


def test_a_stack_that_the_cli_cannot_create_ends_the_run_with_what_the_cli_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    calls.select_code = 255
    where = _where(tmp_path, monkeypatch)

    with pytest.raises(SandboxError, match="passphrase must be set"):
        PulumiCli(where, print).up(_arguments())

    assert [call["command"][1] for call in calls] == ["stack"]


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (1, 1), (2, 2), (7, 1), (255, 1)])
def test_the_clis_exit_codes_become_the_commands_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls, code: int, expected: int
) -> None:
    calls.code = code

    assert PulumiCli(_where(tmp_path, monkeypatch), print).preview(_arguments()) == expected


def test_a_stack_of_the_cloud_keeps_its_backend_and_configuration_and_asks_before_it_changes_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    PulumiCli(_where(tmp_path, monkeypatch, stack="prod"), print).up(_arguments(json=True))

    assert len(calls) == 1
    assert calls.last == ["pulumi", "up", "--stack", "prod", "--json"]
    assert "PULUMI_BACKEND_URL" not in calls[-1]["env"]


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_stack_of_the_cloud_is_changed_without_a_question_when_that_was_answered_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls, command: str
) -> None:
    getattr(PulumiCli(_where(tmp_path, monkeypatch, stack="prod"), print), command)(_arguments(yes=True))

    assert {"--yes", "--non-interactive"} <= set(calls.last)


@pytest.mark.parametrize("chosen", ["", "s3://elsewhere"])
def test_the_state_of_a_stack_with_an_account_is_where_its_file_pins_it_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls, chosen: str
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", chosen)
    config = 'config:\n  shop:aws: {accountId: "111122223333", region: eu-west-1}\n'
    PulumiCli(_where(tmp_path, monkeypatch, stack="prod", config=config), print).down(_arguments())

    pinned = "s3://shop-prod-state-111122223333?region=eu-west-1"
    assert calls[-1]["env"]["PULUMI_BACKEND_URL"] == (chosen or pinned)


def test_events_of_a_deployment_become_one_document_with_counts_and_masked_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = {"op": "update", "urn": "urn:stack", "type": "pulumi:pulumi:Stack"}
    outputs = {"word": {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "[secret]"}, "url": "http://x"}
    changed = {"op": "update", "urn": "urn:a", "type": "a:b:C", "diffs": ["spec"]}
    finding = {"policyName": "POD-001", "enforcementLevel": "mandatory", "resourceUrn": "urn:a", "message": "no limit "}
    events: list[Any] = [
        {"resourcePreEvent": {"metadata": {"op": "same", "urn": "urn:b", "type": "a:b:C"}}},
        {"resourcePreEvent": {"metadata": changed}},
        {"diagnosticEvent": {"severity": "error", "message": "refused\n", "urn": "urn:a"}},
        {"diagnosticEvent": {"severity": "info#err", "message": "chatter"}},
        {"policyEvent": finding},
        {"resOutputsEvent": {"metadata": {**stack, "new": {"outputs": outputs}}}},
        {"summaryEvent": {"durationSeconds": 2, "resourceChanges": {"same": 1, "update": 1}}},
    ]
    calls.printed = "".join(json.dumps(event) + "\n" for event in events) + "Not an event\n"
    calls.code = 255

    assert PulumiCli(_where(tmp_path, monkeypatch), print).up(_arguments(json=True)) == 1

    assert json.loads(capsys.readouterr().out) == {
        "steps": [{"op": "update", "urn": "urn:a", "provider": "", "diffReasons": ["spec"]}],
        "changeSummary": {"create": 0, "update": 1, "replace": 0, "delete": 0, "same": 1},
        "diagnostics": [{"urn": "urn:a", "severity": "error", "message": "refused"}],
        "policies": [{"rule": "POD-001", "level": "mandatory", "urn": "urn:a", "message": "no limit"}],
        "outputs": {"word": "[secret]", "url": "http://x"},
        "cost": None,
        "duration": 2_000_000_000,
        "result": "failed",
    }


def test_a_passphrase_in_the_environment_does_not_take_the_place_of_the_sandboxs_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of another stack")

    PulumiCli(_where(tmp_path, monkeypatch), print).up(_arguments())

    assert "PULUMI_CONFIG_PASSPHRASE" not in calls[-1]["env"]
    assert Path(calls[-1]["env"]["PULUMI_CONFIG_PASSPHRASE_FILE"]).exists()
