import random
from collections.abc import Iterator

import pytest

from tests.support.kills import kill_destroy, kill_up, undisturbed
from tests.support.stack_driver import StackDriver, driven, explain

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def driver() -> Iterator[StackDriver]:
    with driven() as made:
        yield made


def test_a_killed_up_and_a_killed_down_are_each_completed_by_one_up(driver: StackDriver) -> None:
    wanted, seconds = undisturbed(driver)
    for seed in (1, 2):
        emptied = driver.run("destroy")
        assert emptied.ok, explain(emptied)
        kill_up(driver, wanted, seconds, random.Random(seed))
    kill_destroy(driver, wanted, random.Random(3))
