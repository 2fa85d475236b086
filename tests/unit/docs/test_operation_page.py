import re
from pathlib import Path

from sandbox.cli.main import parser
from sandbox.deploy.cloud.backend import KEEP_DAYS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "operation.md").read_text("utf-8")


def test_every_command_of_the_page_is_one():
    for line in re.findall(r"(?m)(?:^|`)sandbox ([a-z][^`#\n]*)", PAGE):
        parser().parse_args(line.split())
    targets = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", PAGE)):
        assert f"\n{target}:" in targets, target


def test_every_test_and_file_that_the_page_names_is_there():
    for path in re.findall(r"`((?:tests|docs)/[^`]+)`", PAGE):
        assert (ROOT / path).exists(), path
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"`(test_[a-z_]+)`", PAGE):
        assert f"def {name}(" in tests, name
    for workflow in re.findall(r"`([a-z-]+\.yml)`", PAGE):
        assert (ROOT / ".github" / "workflows" / workflow).is_file(), workflow


def test_the_page_keeps_states_as_long_as_the_bucket_does():
    assert f"kept for {KEEP_DAYS} days" in PAGE
