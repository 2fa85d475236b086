"""The rules agree with Kubernetes' own Pod Security fixtures, the test data of k8s.io/pod-security-admission."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from policies.readers.paths import read_paths
from policies.runtime import load_packs
from sandbox.tools.golang import find_go

pytestmark = pytest.mark.integration

MODULE = "k8s.io/pod-security-admission"
GO_MOD = Path(__file__).parents[3] / "sandbox" / "tools" / "kubernetes" / "go.mod"
CONTROLS = {
    "allowprivilegeescalation": "POD-005",
    "privileged": "POD-005",
    "capabilities_": "POD-006",
    "hostnamespaces": "POD-010",
    "runasnonroot": "POD-003",
    "runasuser": "POD-003",
    "seccompprofile_": "POD-007",
    "windowshostprocess": "POD-010",
}
"""The controls that the pack covers, by the beginning of the fixtures' file names, and the rule for each."""


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures of the newest policy version in the module that the sandbox's API server is built from."""
    pinned = re.search(rf"{MODULE} => {MODULE} (v\S+)", GO_MOD.read_text())
    assert pinned
    answer = subprocess.run(
        [str(find_go(print)), "mod", "download", "-json", f"{MODULE}@{pinned[1]}"],
        cwd=tmp_path_factory.mktemp("go"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout or answer.stderr
    minor = pinned[1].split(".")[1]
    return Path(json.loads(answer.stdout)["Dir"]) / "test" / "testdata" / "restricted" / f"v1.{minor}"


def _breaches(file: Path) -> set[str]:
    [resource] = read_paths([str(file)]).resources
    findings = load_packs(["workloads"]).check_resource(resource, stack="prod")
    return {finding.rule for finding in findings} & set(CONTROLS.values())


def test_what_the_restricted_profile_admits_the_rules_admit(fixtures: Path):
    admitted = sorted((fixtures / "pass").glob("*.yaml"))
    assert len(admitted) > 10
    assert {file.name: _breaches(file) for file in admitted if _breaches(file)} == {}


def test_what_the_restricted_profile_refuses_the_rules_refuse(fixtures: Path):
    refused = [
        (file, rule)
        for file in sorted((fixtures / "fail").glob("*.yaml"))
        for beginning, rule in CONTROLS.items()
        if file.name.startswith(beginning)
    ]
    assert {rule for _, rule in refused} == set(CONTROLS.values())
    assert [file.name for file, rule in refused if rule not in _breaches(file)] == []


def test_a_fixture_that_breaks_another_control_breaks_none_of_these(fixtures: Path):
    others = [file for file in (fixtures / "fail").glob("*.yaml") if not file.name.startswith(tuple(CONTROLS))]
    assert len(others) > 10
    assert {file.name: _breaches(file) for file in others if _breaches(file)} == {}
