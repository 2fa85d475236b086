import json
from pathlib import Path

import pytest

from sandbox.cli.main import main
from tests.support.checkouts import commit, git, repository, tree, write

pytestmark = pytest.mark.integration

BODY = "import yaml; report.steps = [Step(inputs=yaml.safe_load(open('Pulumi.prod.yaml'))['config'])]"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose one resource has the stack's configuration as its inputs; main says 1, this tree says 2."""
    root = repository(tree(tmp_path / "shop", BODY))
    git(root, "checkout", "--quiet", "-b", "feature")
    commit(root, "Make it `larger`", {"Pulumi.prod.yaml": "config: {size: 2}\n"})
    monkeypatch.setenv("SANDBOX_ROOT", str(root))
    return root


def test_the_difference_is_printed_as_markdown_and_nothing_else_is(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", "--stack", "prod", "--base", "main"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("### `prod`: `` Make it `larger` ``\n")
    assert "**0 created · 1 changed · 0 replaced · 0 deleted**" in printed.out
    assert "    - `size`: `1` → `2`" in printed.out
    assert "Declared otherwise: `Pulumi.prod.yaml: config.size`" in printed.out
    assert "rendering prod: commit " in printed.err
    assert not list((shop / ".sandbox" / ".compare").iterdir())


def test_the_same_facts_come_as_json_and_changes_can_be_refused(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "--stack", "prod", "--base", "main", "--json", "--expect-no-changes"]) == 1
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["changeSummary"] == {"create": 0, "change": 1, "replace": 0, "delete": 0}
    assert document["resources"][0]["fields"] == [
        {"path": "size", "kind": "update", "old": 1, "new": 2, "replaces": False}
    ]
    assert "1 changes, and none were expected" in printed.err
    assert main(["preview", "--stack", "prod", "--base", "feature", "--expect-no-changes"]) == 0


def test_what_is_not_committed_counts_and_is_said(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {"Pulumi.prod.yaml": "config: {size: 3}\n"})
    assert main(["preview", "--stack", "prod", "--base", "feature"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("### `prod`: `Pulumi.prod.yaml: config.size`\n")
    assert "`working tree, with uncommitted changes on " in printed
    assert "- `size`: `2` → `3`" in printed


def test_a_stack_that_the_base_does_not_have_is_new_as_a_whole(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {"Pulumi.dev.yaml": "config: {}\n"})
    assert main(["preview", "--stack", "dev", "--base", "main"]) == 0
    printed = capsys.readouterr().out
    assert "> The base has no such stack: everything is new." in printed
    assert "**1 created" in printed


def test_a_base_that_is_ahead_and_other_locks_are_said(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(shop, "checkout", "--quiet", "main")
    commit(shop, "Meanwhile", {"locks/dev.txt": "x==1"})
    git(shop, "checkout", "--quiet", "feature")
    assert main(["preview", "--stack", "prod", "--base", "main"]) == 0
    printed = capsys.readouterr().out
    assert "> The base has 1 commits that are not here" in printed
    assert "> The locks differ" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "nowhere"], "there is no ref 'nowhere'"),
        (["--base", "main", "--refresh"], "nothing live is looked at"),
        (["--base", "main", "--stack", "none"], "there is no stack 'none'"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_exit_code_2(
    shop: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["preview", "--stack", "prod", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_a_base_whose_program_is_broken_is_told_and_leaves_nothing(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(shop, "checkout", "--quiet", "-b", "broken")
    commit(shop, "Break", {"sandbox/deploy/embedded.py": "raise OSError('torn')"})
    git(shop, "checkout", "--quiet", "feature")
    assert main(["preview", "--stack", "prod", "--base", "broken"]) == 1
    printed = capsys.readouterr()
    assert "the base broken cannot be rendered" in printed.err
    assert "OSError: torn" in printed.err
    assert not list((shop / ".sandbox" / ".compare").iterdir())
