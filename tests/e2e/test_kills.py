import random
from collections.abc import Iterator

import pytest

from tests.support.kills import kill_destroy, kill_up, undisturbed
from tests.support.projects import without_applications
from tests.support.stack_driver import StackDriver, driven, explain

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackDriver]:
    with driven(root=without_applications(tmp_path_factory.mktemp("kills") / "project")) as made:
        yield made


def test_a_killed_up_and_a_killed_down_are_each_completed_by_one_up(driver: StackDriver) -> None:
    wanted, seconds = undisturbed(driver)
    for seed in (1, 2):
        emptied = driver.run("destroy")
        assert emptied.ok, explain(emptied)
        kill_up(driver, wanted, seconds, random.Random(seed))
    kill_destroy(driver, wanted, random.Random(3))
