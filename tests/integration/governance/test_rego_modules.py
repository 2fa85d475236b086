import json
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.stacks.files import read_policies
from tests.support.opa import opa_program

pytestmark = pytest.mark.integration

MODULES = Path(__file__).parents[3] / "infra" / "catalog" / "rego"
GUARDS = {
    "access.rego": (
        "\twell_formed\n",
        "\tis_array(clearance)\n",
        "\tshared\n",
        "\tcount(unknown_columns) == 0\n",
        "\tsufficient\n",
        "\trow_filter_known\n",
        "\tinput.action in actions\n",
        "\tinput.purpose in candidate.purposes\n",
        "\tcandidate.writes == true\n",
        "\tcount(candidate.detokenizes) > 0\n",
        "\tcatalog.classes[class].level in clearance\n",
        "\tclass in role.detokenizes\n",
        "\tvisible\n",
        "\tcount(asked) > 0\n",
        "\tdataset.rowFilter == null\n",
    ),
    "authz.rego": (
        '\tinput.method == "GET"\n',
        '\tinput.method == "POST"\n',
        '\tinput.path == ["v1", "data", "platform", "access", "decision"]\n',
        "\tcount(input.params) == 0\n",
        "\tknown_caller\n",
        '\tstartswith(name, "OPA_TOKEN_")\n',
        "\tcount(token) >= 32\n",
        "\tcrypto.hmac.equal(input.identity, token)\n",
    ),
    "health.rego": (
        "\tcount(data.catalog.datasets) > 0\n",
        "\tcount(data.catalog.roles) > 0\n",
        "\tcount(data.catalog.classes) > 0\n",
        "\tcount(data.catalog.tenants) > 0\n",
    ),
    "log.rego": (
        "\tfield in single\n",
        "\tname(value)\n",
        "\tis_array(values)\n",
        "\tregex.match(`[A-Za-z]`, value)\n",
    ),
}
"""Conditions without which something would be opened or logged, by module."""


def opa(*arguments: str, at: Path = MODULES) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([opa_program(), *arguments], cwd=at, capture_output=True, text=True, check=False)


def test_the_modules_are_formatted_and_pass_the_strict_check():
    formatted = opa("fmt", "--list", ".")
    assert (formatted.returncode, formatted.stdout) == (0, "")
    strict = opa("check", "--strict", ".")
    assert strict.returncode == 0, strict.stderr


def test_every_line_of_the_modules_is_tested():
    answer = opa("test", "--coverage", "--format=json", ".")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    files = json.loads(answer.stdout)["files"]
    assert {name: file.get("not_covered") for name, file in files.items() if file["coverage"] < 100} == {}
    assert set(read_policies()) == {name for name in files if not name.endswith("_test.rego")}


@pytest.mark.parametrize(
    ("module", "guard"), [(module, guard) for module, guards in GUARDS.items() for guard in guards], ids=str.strip
)
def test_without_any_one_guard_a_test_fails(tmp_path: Path, module: str, guard: str):
    folder = Path(shutil.copytree(MODULES, tmp_path / "rego"))
    text = (folder / module).read_text()
    assert guard in text
    places = text.split(guard)
    survivors = []
    for i in range(1, len(places)):
        head = _rule(places[i - 1])
        if head.startswith("reasons "):
            continue  # a reason explains; it opens nothing
        (folder / module).write_text(f"{guard.join(places[:i])}\ttrue\n{guard.join(places[i:])}")
        if opa("test", ".", at=folder).returncode == 0:
            survivors.append(head)
    assert survivors == []


def _rule(before: str) -> str:
    """Head of the rule that the text after ``before`` belongs to."""
    return next(line for line in reversed(before.splitlines()) if line and not line.startswith(("\t", "#", "}")))
