import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.support.stack_driver import ROOT

pytestmark = pytest.mark.e2e


def _sandbox(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox.cli.main", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, int]]:
    """Renders a stack once for all tests that only read it: the folder, and how many Kubernetes objects it told."""
    folder = tmp_path_factory.mktemp("rendered")

    @cache
    def render(stack: str) -> tuple[Path, int]:
        result = _sandbox("render", "--stack", stack, "--out", str(folder / stack), "--json")
        assert result.returncode == 0, result.stderr
        return folder / stack, json.loads(result.stdout)["kubernetes"]

    return render


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_of_the_cloud_is_rehearsed_to_the_end_and_leaves_nothing(stack: str) -> None:
    result = _sandbox("rehearse", "--stack", stack, "--json", "--name", f"e2e-{stack}")

    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["result"] == "succeeded"
    assert document["changeSummary"]["create"] > 100
    assert not (ROOT / ".sandbox" / f"e2e-{stack}").exists()


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_stack_of_the_cloud_is_not_deployed_without_the_pulumi_cli_and_rehearse_is_named(command: str) -> None:
    result = _sandbox(command, "--stack", "prod", "--engine", "embedded")

    assert result.returncode == 2
    assert "sandbox rehearse --stack prod" in result.stderr


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_a_rendering_has_one_object_a_file_and_is_valid_strictly_for_all_built_in_kinds(
    stack: str, rendered: Callable[[str], tuple[Path, int]], kubeconform_schemas: list[str]
) -> None:
    out, told = rendered(stack)
    files = sorted((out / "kubernetes").glob("*.yaml"))
    assert len(files) == told
    for file in files:
        manifest = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
        namespace = manifest["metadata"].get("namespace", "cluster")
        assert file.name.lower().startswith(f"{namespace}.{manifest['kind']}.".lower())
    checked = subprocess.run(
        [*kubeconform_schemas, "-output", "json", "-summary", str(out / "kubernetes")],
        capture_output=True,
        text=True,
        check=False,
    )
    summary = json.loads(checked.stdout)["summary"]
    assert (summary["invalid"], summary["errors"]) == (0, 0), checked.stdout
    assert summary["valid"] > 50


def test_two_renderings_of_one_checkout_are_the_same_to_the_byte(
    rendered: Callable[[str], tuple[Path, int]], tmp_path: Path
) -> None:
    first, _ = rendered("prod")
    second = tmp_path / "two"
    assert _sandbox("render", "--stack", "prod", "--out", str(second)).returncode == 0
    one = {path.relative_to(first): path.read_bytes() for path in first.rglob("*.*")}
    two = {path.relative_to(second): path.read_bytes() for path in second.rglob("*.*")}
    assert one
    assert one == two


def test_a_rendering_passes_its_own_policies(rendered: Callable[[str], tuple[Path, int]]) -> None:
    out, told = rendered("prod")
    command = [str(Path(sys.executable).with_name("policies")), "check", str(out), "--stack", "prod", "--json"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-3000:] + checked.stderr
    document = json.loads(checked.stdout)
    assert document["findings"] == []
    assert document["objects"] > told, "the objects of the cluster and the resources of AWS"


def test_a_folder_with_other_things_in_it_is_not_rendered_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    result = _sandbox("render", "--out", str(tmp_path))
    assert result.returncode == 2
    assert "name another folder" in result.stderr
    assert (tmp_path / "mine.txt").read_text() == "keep me"
