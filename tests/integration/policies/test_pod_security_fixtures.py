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
CONTROLS: dict[str, set[str]] = {
    "allowprivilegeescalation": {"POD-005"},
    "apparmorprofile": {"POD-013"},
    "capabilities_baseline": {"POD-019"},
    "capabilities_restricted": {"POD-006", "POD-050"},
    "hostnamespaces": {"POD-010"},
    "hostpathvolumes": {"POD-011"},
    "hostports": {"POD-012"},
    "hostprobesandhostlifecycle": {"POD-017"},
    "privileged": {"POD-045"},
    "procmount": {"POD-015"},
    "restrictedvolumes": {"POD-018"},
    "runasnonroot": {"POD-003"},
    "runasuser": {"POD-047"},
    "seccompprofile_baseline": {"POD-048"},
    "seccompprofile_restricted": {"POD-007"},
    "selinuxoptions": {"POD-014"},
    "sysctls": {"POD-016"},
    "windowshostprocess": {"POD-046"},
}
"""Every control of the two profiles, by the beginning of the fixtures' file names, and the rules for each."""

BASELINE = {
    *("POD-010", "POD-011", "POD-012", "POD-013", "POD-014", "POD-015", "POD-016", "POD-017", "POD-019"),
    *("POD-045", "POD-046", "POD-048"),
}
RESTRICTED = BASELINE | {"POD-003", "POD-005", "POD-006", "POD-007", "POD-018", "POD-047", "POD-050"}
"""The rules of each profile."""

MINORS = range(27, 35)
"""The policy versions whose fixtures agree with what the rules say for the newest one."""


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures in the module that the sandbox's API server is built from."""
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
    return Path(json.loads(answer.stdout)["Dir"]) / "test" / "testdata"


def _files(fixtures: Path, level: str, verdict: str) -> list[Path]:
    return [file for minor in MINORS for file in sorted((fixtures / level / f"v1.{minor}" / verdict).glob("*.yaml"))]


def _breaches(file: Path, level: str) -> set[str]:
    [resource] = read_paths([str(file)]).resources
    findings = load_packs(["workloads"]).check_resource(resource, stack="prod")
    return {finding.rule for finding in findings} & (BASELINE if level == "baseline" else RESTRICTED)


def _controls(file: Path) -> set[str]:
    return {rule for beginning, rules in CONTROLS.items() if file.name.startswith(beginning) for rule in rules}


@pytest.mark.parametrize(("level", "at_least"), [("baseline", 90), ("restricted", 140)])
def test_what_a_profile_admits_the_rules_admit(fixtures: Path, level: str, at_least: int):
    admitted = _files(fixtures, level, "pass")
    assert len(admitted) > at_least
    assert {str(file): found for file in admitted if (found := _breaches(file, level))} == {}


@pytest.mark.parametrize(("level", "at_least"), [("baseline", 230), ("restricted", 550)])
def test_what_a_profile_refuses_the_rules_refuse_by_the_rule_of_that_control(fixtures: Path, level: str, at_least: int):
    refused = _files(fixtures, level, "fail")
    assert len(refused) > at_least
    assert [str(file) for file in refused if not _controls(file) & _breaches(file, level)] == []


def test_every_control_has_fixtures(fixtures: Path):
    names = [file.name for level in ("baseline", "restricted") for file in _files(fixtures, level, "fail")]
    assert [beginning for beginning in CONTROLS if not any(name.startswith(beginning) for name in names)] == []


def test_a_fixture_breaks_no_other_control_than_its_own(fixtures: Path):
    # What the baseline refuses among capabilities and volumes the restricted profile's check refuses as well; one
    # fixture has a container with no security context at all.
    related = {
        "POD-005": {"POD-006"},
        "POD-006": {"POD-050", "POD-019"},
        "POD-007": {"POD-048"},
        "POD-011": {"POD-018"},
        "POD-018": {"POD-011"},
        "POD-019": {"POD-006", "POD-050"},
        "POD-045": {"POD-005"},
        "POD-046": {"POD-010"},
        "POD-048": {"POD-007"},
    }
    strays = {}
    for file in _files(fixtures, "restricted", "fail"):
        own = _controls(file)
        allowed = own.union(*(related.get(rule, set()) for rule in own))
        if stray := _breaches(file, "restricted") - allowed:
            strays[str(file)] = stray
    assert strays == {}
