import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkouts import git
from tests.support.stack_driver import ROOT

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of this repository, so that what others do to the working tree meanwhile is no part of the change."""
    folder = tmp_path_factory.mktemp("clone")
    git(folder, "clone", "--quiet", "--shared", str(ROOT), "platform")
    git(folder / "platform", "branch", "--quiet", "--force", "base")
    return folder / "platform"


def _preview(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox.cli.main", "preview", "--stack", "prod", "--base", "base", *arguments]
    environment = os.environ | {"SANDBOX_ROOT": str(checkout)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_nothing_differs_from_the_commit_that_is_checked_out(checkout: Path) -> None:
    done = _preview(checkout, "--expect-no-changes")
    assert done.returncode == 0, done.stderr
    assert "**Nothing differs: both sides declare the same resources.**" in done.stdout


def test_a_tenant_less_and_a_mask_less_are_told_with_all_that_follows(checkout: Path) -> None:
    _replace(checkout / "Pulumi.prod.yaml", ", external-partner]", "]")
    _replace(
        checkout / "infra/catalog/datasets.yaml",
        "{name: email, type: string, class: pii.email",
        "{name: email, type: string, class: internal",
    )
    done = _preview(checkout)
    assert done.returncode == 0, done.stderr
    first, *sections = done.stdout.split("\n#### ")
    told = {section.split("\n", 1)[0]: section for section in sections}
    assert 'config["analytics-platform:tenants"]`' in first
    assert "datasets.yaml: datasets.customers" in first
    assert (
        "- **deleted**: `Namespace tenant-external-partner`. With it goes everything in it"
        in told["Look at this first"]
    )
    assert "`silver.customers.email` is in the clear now for" in told["Look at this first"]
    assert "in `tenant-external-partner` may no longer reach `strimzi.io/name=kafka-kafka`" in told["Network"]
    assert "**opened**" not in told["Network"] + told["Mesh"] + told["Kafka ACLs"]
    assert "`external-partner` may no longer `Write` the `topic external-partner.dead-letter`" in told["Kafka ACLs"]
    assert "- **all together**: `pods`" in told["Quotas"]
    assert {"Masking", "Cost", "Resources"} <= told.keys()
    assert len(done.stdout) <= 60_000
    assert git(checkout, "worktree", "list").count("\n") == 0
    assert not list((checkout / ".sandbox" / ".compare").iterdir())
