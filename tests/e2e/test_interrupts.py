import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.inventory import diff
from tests.support.projects import without_applications
from tests.support.stack_driver import StackDriver, driven

pytestmark = pytest.mark.e2e


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[StackDriver]:
    with driven(root=without_applications(tmp_path / "project")) as made:
        yield made


def test_an_interrupted_up_says_so_leaves_a_valid_state_and_is_completed_by_the_next(driver: StackDriver) -> None:
    process = driver.begin("up")
    assert process.stderr is not None
    for line in process.stderr:
        if "created" in line:
            break
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    _, said = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "interrupted" in said
    assert "Traceback" not in said
    assert time.monotonic() - begin < 100
    finished = driver.cli("up")
    assert finished.returncode == 0, finished.stderr
    once = driver.inventory()
    assert driver.cli("preview", "--expect-no-changes").returncode == 0
    assert driver.cli("up", "--refresh").returncode == 0
    assert diff(once, driver.inventory()) == []
