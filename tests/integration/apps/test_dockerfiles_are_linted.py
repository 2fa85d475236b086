"""hadolint over the Dockerfile of each image, without exceptions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
DOCKERFILES = sorted((ROOT / "apps" / "services").glob("*/Dockerfile"))


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).parent / "hadolint"
    # By name: else a configuration file of the user's home would count.
    command = [str(linter), "--config", str(ROOT / ".hadolint.yaml"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_a_dockerfile_keeps_all_rules_and_none_is_switched_off_in_it(path: Path):
    done = lint(path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_service_has_one():
    services = {path.parent.name for path in DOCKERFILES[0].parents[1].glob("*/__init__.py")}
    assert {path.parent.name for path in DOCKERFILES} == services


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("FROM docker.io/library/python", "DL3006"),
        ("FROM registry.invalid/python:3.12", "DL3026"),
        ("# hadolint ignore=DL3006\nFROM docker.io/library/python", "DL3006"),
        ("FROM docker.io/library/python:latest", "DL3007"),
        ("FROM docker.io/library/python:3.12.12-slim-trixie\nUSER root", "DL3002"),
        ("FROM docker.io/library/python:3.12.12-slim-trixie\nRUN pip install flask", "DL3013"),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, line: str, rule: str):
    (tmp_path / "Dockerfile").write_text(line + "\n")
    done = lint(tmp_path / "Dockerfile")
    assert done.returncode == 1
    assert rule in done.stdout
