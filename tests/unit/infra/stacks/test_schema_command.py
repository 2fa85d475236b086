import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.stacks import schemas
from infra.stacks.files import ROOT

TOPICS = (ROOT / schemas.TOPICS).read_text("utf-8")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose base has the committed topics."""
    monkeypatch.setattr(schemas, "_text", lambda _, base: TOPICS if base == "main" else None)
    (tmp_path / schemas.FOLDER).mkdir(parents=True)
    (tmp_path / schemas.TOPICS).write_text(TOPICS)
    return tmp_path


def changed(checkout: Path, change: Callable[[str], str]) -> None:
    text = change(TOPICS)
    assert text != TOPICS
    (checkout / schemas.TOPICS).write_text(text)


LMP = "{name: lmp, type: 'decimal(12,4)',"
NARROW = "{name: lmp, type: 'decimal(9,2)',"


def test_equal_topics_break_nothing(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert schemas.main(["--base", "main"], checkout) == 0
    assert "Every schema may follow the one that `main` registered." in capsys.readouterr().out


def test_a_column_of_another_type_is_named_with_its_subject_and_what_to_do(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(checkout, lambda text: text.replace(LMP, NARROW, 1))
    assert schemas.main(["--base", "main"], checkout) == 1
    assert "| `ISO_RT_LMP-value` | `lmp` | readers of the new schema cannot read" in capsys.readouterr().out
    assert schemas.main(["--base", "main", "--report"], checkout) == 0


def test_a_base_without_topics_has_registered_nothing(checkout: Path) -> None:
    assert schemas.main(["--base", "older"], checkout) == 0


def test_topics_that_cannot_be_read_are_named_with_their_side(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / schemas.TOPICS).write_text("topics: [")
    assert schemas.main(["--base", "main"], checkout) == 2
    assert f"error: {schemas.TOPICS}: the file is unreadable" in capsys.readouterr().err


def test_a_ref_is_read_as_it_was_committed_and_an_unknown_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch", "main")
    (tmp_path / schemas.FOLDER).mkdir(parents=True)
    (tmp_path / schemas.TOPICS).write_text(TOPICS)
    git("add", ".")
    git("commit", "--quiet", "--message", "base")
    (tmp_path / schemas.TOPICS).write_text(TOPICS.replace(LMP, NARROW))
    assert schemas._text(tmp_path, "main") == TOPICS
    assert schemas.main(["--base", "nowhere"], tmp_path) == 2
    assert "must be a branch, tag or commit of this checkout" in capsys.readouterr().err
