"""What actionlint and zizmor do not know of this repository's workflows; CI runs those two themselves."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))


@cache
def read(path: Path) -> dict[str, Any]:
    document: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return {"on" if key is True else key: value for key, value in document.items()}


def jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from read(path)["jobs"].items()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_a_commit_with_its_version_beside_it(path: Path):
    for line in path.read_text("utf-8").splitlines():
        if used := re.match(r"\s*(?:- )?uses: (\S+)(.*)", line):
            own = used[1].startswith("./.github/workflows/")
            assert own or re.search(r"@[0-9a-f]{40}$", used[1]), line
            assert own or re.fullmatch(r" # v\d+(\.\d+)*", used[2]), line


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_job_ends_and_has_no_more_permission_than_it_was_given(path: Path):
    assert "permissions" in read(path)
    assert set(read(path)["permissions"]) <= {"contents"}
    for name, job in jobs(path):
        assert "uses" in job or job["timeout-minutes"] <= 120, name
        assert "write-all" not in str(job.get("permissions")), name


def test_what_a_pull_request_starts_can_take_no_role():
    for path in FILES:
        triggers = read(path)["on"]
        if "pull_request" in triggers:
            assert "id-token" not in str(read(path)), path
            assert "secrets." not in path.read_text(), path
        assert "pull_request_target" not in triggers, path


def test_only_main_and_release_branches_reach_an_account():
    reaching = {path for path in FILES if "id-token" in path.read_text()}
    branches = {path.stem: read(path)["on"].get("push", {}).get("branches") for path in reaching}
    assert branches == {"deploy": None, "images": None, "preview-live": ["release/**"], "up": ["main"]}
    for stem in ("deploy", "images"):
        assert set(read(FOLDER / f"{stem}.yml")["on"]) == {"workflow_call"}


def test_prod_is_changed_after_dev_and_in_an_environment_that_asks():
    order = dict(jobs(FOLDER / "up.yml"))
    assert order["prod"]["with"] == {"stack": "prod", "environment": "prod", "command": "up"}
    assert set(order["prod"]["needs"]) == {"prod-preview", "prod-images"}
    assert order["prod-preview"]["needs"] == order["prod-images"]["needs"] == "dev"
    assert order["prod-preview"]["with"]["command"] == "preview"


def test_the_pulumi_cli_of_ci_is_as_new_as_the_sdk_of_the_lock():
    locked = re.search(r"^pulumi==(\S+)", (ROOT / "locks/dev.txt").read_text(), re.MULTILINE)
    assert locked is not None
    assert f"pulumi-version: {locked[1]}\n" in (FOLDER / "deploy.yml").read_text()
