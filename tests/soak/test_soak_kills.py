import random
from collections.abc import Iterator

import pytest

from sandbox.inventory import Inventory, diff
from tests.support.kills import kill_destroy, kill_up, undisturbed
from tests.support.stack_driver import StackDriver, driven, explain

pytestmark = pytest.mark.soak

SEED = 20260301


@pytest.fixture(scope="module")
def driver() -> Iterator[StackDriver]:
    with driven() as made:
        yield made


@pytest.fixture(scope="module")
def normal(driver: StackDriver) -> tuple[Inventory, float]:
    return undisturbed(driver)


def _empty(driver: StackDriver) -> None:
    report = driver.run("destroy")
    assert report.ok, explain(report)


@pytest.mark.parametrize("round_", range(30))
def test_an_up_killed_at_any_moment_is_completed_by_the_next(
    driver: StackDriver, normal: tuple[Inventory, float], round_: int
) -> None:
    wanted, seconds = normal
    _empty(driver)
    print(kill_up(driver, wanted, seconds, random.Random(SEED + round_)))


@pytest.mark.parametrize("round_", range(10))
def test_a_down_killed_at_any_moment_is_undone_by_the_next_up(
    driver: StackDriver, normal: tuple[Inventory, float], round_: int
) -> None:
    wanted, _ = normal
    print(kill_destroy(driver, wanted, random.Random(SEED + 100 + round_)))


@pytest.mark.parametrize("round_", range(20))
def test_of_two_ups_at_once_one_wins_and_the_other_names_the_owner(
    driver: StackDriver, normal: tuple[Inventory, float], round_: int
) -> None:
    wanted, _ = normal
    if round_ % 4 == 0:
        _empty(driver)
    rivals = [driver.begin("up"), driver.begin("up")]
    outcomes = [(rival.communicate(timeout=300), rival.returncode) for rival in rivals]
    winners = [code for _, code in outcomes if code == 0]
    assert len(winners) == 1, outcomes
    (_, said), _ = next(outcome for outcome in outcomes if outcome[1] != 0)
    assert "another run is under way" in said
    assert any(f"process {rival.pid} " in said for rival in rivals), said
    assert diff(wanted, driver.inventory()) == []
