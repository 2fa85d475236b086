from pathlib import Path

import pytest

from sandbox.deploy.compare.rendering import Side, import_folders, render
from sandbox.errors import SandboxError
from tests.support.checkouts import tree, write

pytestmark = pytest.mark.integration


def test_each_side_is_rendered_by_its_own_code_and_both_at_once(tmp_path: Path) -> None:
    def waiting(own: str, other: str) -> str:
        meet = f"open({str(tmp_path / own)!r}, 'w'); others = lambda: os.path.exists({str(tmp_path / other)!r})"
        wait = "[time.sleep(0.01) for _ in range(2000) if not others()]; assert others()"
        return f"{meet}; {wait}; report.steps = [Step(inputs={{'side': '{own}'}})]"

    sides = [Side(own, tree(tmp_path / f"tree-{own}", waiting(own, other))) for own, other in (("a", "b"), ("b", "a"))]
    found = render(sides, "prod")
    assert [next(iter(each.steps.values())).inputs for each in found] == [{"side": "a"}, {"side": "b"}]
    assert [each.rules for each in found] == [{"X-1"}, {"X-1"}]


def test_mandatory_findings_are_no_failure_of_the_rendering(tmp_path: Path) -> None:
    (found,) = render([Side("here", tree(tmp_path, "report.ok = False; report.findings = [Finding()]"))], "prod")
    assert [finding.rule for finding in found.findings] == ["X-1"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "raise ValueError('it is broken')",
            r"the base cannot be rendered for the stack 'prod'.*exit code 1.*it is broken",
        ),
        ("os.kill(os.getpid(), 9)", "killed by signal 9; it printed nothing"),
        (
            "report.ok = False; report.diagnostics = [Diagnostic('no such topic')]",
            r"program of the base cannot be rendered.*\nno such topic",
        ),
        ("report.ended = Ended(); report.ended.summary = {}", "it gave no reason"),
        ("print('x' * 9000 + 'the end'); os._exit(4)", r"printed:\n\[\.\.\.\] x{3000,4000}the end"),
    ],
)
def test_a_base_that_fails_is_told_with_what_it_printed(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(SandboxError, match=r"(?s)" + message) as caught:
        render([Side("the base", tree(tmp_path, body))], "prod")
    assert caught.value.exit_code == 1


def test_a_base_from_before_there_was_a_rendering_is_told_as_such(tmp_path: Path) -> None:
    root = tree(tmp_path, "pass")
    (root / "sandbox/deploy/embedded.py").unlink()
    with pytest.raises(SandboxError, match=r"(?s)the base has no offline rendering.*ModuleNotFoundError.*later ref"):
        render([Side("the base", root)], "prod")


def test_a_side_that_does_not_end_is_ended(tmp_path: Path) -> None:
    root = tree(tmp_path, "print(os.getpid(), flush=True); time.sleep(60)")
    with pytest.raises(SandboxError, match=r"was not rendered within 1 s; it printed:\n[0-9]+") as caught:
        render([Side("the base", root)], "prod", seconds=0.7)
    pid = str(caught.value).split("printed:\n")[1].split(".")[0]
    assert not Path("/proc", pid).exists()


def test_credentials_and_clusters_do_not_reach_a_rendering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "KUBECONFIG", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.setenv(name, "mine")
    body = "report.steps = [Step(inputs={k: v for k, v in os.environ.items() if v == 'mine'})]"
    (found,) = render([Side("here", tree(tmp_path, body))], "prod")
    assert next(iter(found.steps.values())).inputs == {"PULUMI_CONFIG_PASSPHRASE": "mine"}


def test_packages_are_imported_from_where_the_tree_says(tmp_path: Path) -> None:
    assert import_folders(tmp_path) == ["."]
    write(tmp_path, {"pyproject.toml": '[tool.hatch.build]\ndev-mode-dirs = [".", "apps/libs"]\n'})
    assert import_folders(tmp_path) == [".", "apps/libs"]
