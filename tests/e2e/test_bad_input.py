import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.projects import ROOT, copy_of

pytestmark = pytest.mark.e2e
SMALL = Path(__file__).parent / "programs" / "rollout"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that a test may spoil."""
    return copy_of(ROOT, tmp_path / "project", "infra", "apps")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of three objects: what becomes of its state does not depend on how much there is in it."""
    return copy_of(SMALL, tmp_path / "small", "infra")


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [project, project / "apps" / "libs", project / "apps" / "services", ROOT]
    environment = os.environ | {"SANDBOX_ROOT": str(project), "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-m", "sandbox.cli.main", *arguments]
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=200, check=False
    )


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new", "names"),
    [
        ("Pulumi.prod.yaml", "brokers: 3", "brokers: 1", ["Pulumi.prod.yaml", "streaming.brokers", "1"]),
        ("Pulumi.prod.yaml", 'cpu: "200"', 'cpu: "2"', ["Pulumi.prod.yaml", "quota", "2"]),
        ("Pulumi.prod.yaml", "minInSync: 2", "minInSnyc: 2", ["minInSnyc", "Did you mean minInSync?"]),
        ("Pulumi.prod.yaml", "zones: 3", "zones: three", ["availability.zones", "three"]),
        ("Pulumi.prod.yaml", "zones: 3", "zones: [", ["Pulumi.prod.yaml, line"]),
        ("infra/catalog/topics.yaml", "    owner: market-data\n", "", ["topics.yaml", "ISO_RT_LMP", "owner"]),
        ("infra/catalog/topics.yaml", "  OUTAGES:", "  ISO_RT_LMP:", ["topics.yaml", "ISO_RT_LMP"]),
        ("infra/catalog/topics.yaml", "partitions: 12", "partitions: 0", ["topics.yaml", "partitions", "0"]),
        ("infra/catalog/tenants.yaml", "quotaPercent: 25", "quotaPercent: 95", ["tenants.yaml", "quotaPercent"]),
    ],
)
def test_a_mistake_is_refused_with_file_field_and_value_before_anything_is_started(
    project: Path, file: str, old: str, new: str, names: list[str]
) -> None:
    _replace(project / file, old, new)

    result = _run(project, "render", "--stack", "prod", "--out", str(project / "out"))

    said = result.stdout + result.stderr
    assert result.returncode == 2, said
    assert "Traceback" not in said
    for name in names:
        assert name in said
    assert not (project / "out").exists()
    assert not (project / ".sandbox").exists()


def test_an_up_with_a_mistake_exits_with_2_and_deploys_nothing(project: Path) -> None:
    _replace(project / "Pulumi.local.yaml", "zones: 1", "zones: 99")
    result = _run(project, "up", "--engine", "embedded")
    try:
        assert result.returncode == 2, result.stderr
        assert "availability.zones" in result.stderr
        assert "nothing was changed" in result.stderr
        assert "created" not in result.stderr
    finally:
        assert _run(project, "down", "--engine", "embedded").returncode == 0


def test_a_damaged_state_is_refused_and_kept_and_its_backup_is_named(small: Path) -> None:
    assert _run(small, "up", "--engine", "embedded").returncode == 0
    state = small / ".sandbox" / "local" / "state" / "local.db"
    good = state.read_bytes()
    try:
        state.write_bytes(good[: len(good) // 2])
        damaged = state.read_bytes()
        result = _run(small, "up", "--engine", "embedded")
        assert result.returncode == 1
        assert str(state) in result.stderr
        assert "local.backup" in result.stderr
        assert "Traceback" not in result.stderr
        assert state.read_bytes() == damaged
    finally:
        state.write_bytes(good)
        assert _run(small, "up", "--engine", "embedded").returncode == 0
        assert _run(small, "down", "--engine", "embedded").returncode == 0


def test_the_doctor_says_what_is_here(project: Path) -> None:
    result = _run(project, "doctor")
    assert result.returncode == 0, result.stdout
    assert "kube-apiserver" in result.stdout
    assert "Everything is here" in result.stdout
