import json
from collections.abc import Iterator

import pytest

from sandbox.inventory import diff
from tests.support.hands import change_by_hand, ten_targets
from tests.support.stack_driver import StackDriver, driven

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def driver() -> Iterator[StackDriver]:
    with driven() as made:
        yield made


def _steps(document: dict) -> set[tuple[str, str]]:  # type: ignore[type-arg]
    return {(step["op"], step["urn"]) for step in document["steps"]}


def test_up_does_what_the_preview_listed_and_a_second_one_finds_nothing_to_do(driver: StackDriver) -> None:
    before = driver.inventory()
    listed = driver.cli_json("preview")
    assert diff(before, driver.inventory()) == []

    done = driver.cli_json("up")

    assert _steps(done) == _steps(listed)
    assert done["changeSummary"] == listed["changeSummary"]
    assert set(done["changeSummary"]) == {"create", "update", "replace", "delete", "same"}
    assert done["outputs"]["kafkaPasswords"] == "[secret]"
    again = driver.cli("up")
    assert again.returncode == 0
    assert "Nothing changed" in again.stdout
    empty = driver.cli("preview", "--expect-no-changes")
    assert empty.returncode == 0, empty.stdout + empty.stderr


def test_ten_objects_changed_by_hand_are_found_and_repaired_and_no_others(driver: StackDriver) -> None:
    wanted = driver.inventory()
    targets = ten_targets(driver)
    for target in targets:
        change_by_hand(driver, target)

    blind = driver.cli("preview", "--expect-no-changes")
    found = driver.cli_json("preview", "--refresh")

    assert blind.returncode == 0, "without --refresh nobody looks at the live objects"
    assert {step["urn"] for step in found["steps"]} == {target.urn for target in targets}
    refused = driver.cli("preview", "--refresh", "--expect-no-changes")
    assert refused.returncode == 1
    repaired = driver.cli_json("up", "--refresh")
    assert _steps(repaired) == _steps(found)
    assert diff(wanted, driver.inventory()) == []
    assert driver.cli("preview", "--refresh", "--expect-no-changes").returncode == 0


def test_while_one_run_holds_the_lock_another_is_refused_and_told_by_whom(driver: StackDriver) -> None:
    from sandbox.deploy.lock import run_lock

    with run_lock(driver.where.lock_path, "sandbox up --stack local"):
        refused = driver.cli("up")
        looking = driver.cli("preview", "--expect-no-changes")

    assert refused.returncode == 1
    assert "'sandbox up --stack local', process" in refused.stderr
    assert looking.returncode == 0, "a preview needs no lock"


def test_down_removes_everything_and_says_so(driver: StackDriver) -> None:
    removed = driver.cli("down", "--json")

    assert removed.returncode == 0, removed.stderr
    assert json.loads(removed.stdout)["left"] == []
    assert not driver.where.paths.home.exists()
    again = driver.cli("down")
    assert again.returncode == 0
    assert "nothing to remove" in again.stdout
