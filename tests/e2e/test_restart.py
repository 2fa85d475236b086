import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.control_plane import status
from sandbox.inventory import diff
from tests.support.projects import without_applications
from tests.support.stack_driver import StackDriver, driven

pytestmark = pytest.mark.e2e


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[StackDriver]:
    with driven(root=without_applications(tmp_path / "project")) as made:
        yield made


def test_after_the_sandbox_was_killed_an_up_keeps_the_cluster_and_makes_the_aws_resources_again(
    driver: StackDriver,
) -> None:
    assert driver.cli("up").returncode == 0
    wanted = driver.inventory()
    supervisor = status(driver.where.paths.name, root=driver.where.paths.root).pid
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    time.sleep(1)

    repaired = driver.cli_json("up")

    driver.endpoints = driver.where.start(lambda _: None)
    made = {step["urn"] for step in repaired["steps"]}
    assert made, "the AWS API keeps its resources in memory only"
    assert all("aws:" in urn for urn in made), made
    assert diff(wanted, driver.inventory()) == []
    assert driver.cli("preview", "--expect-no-changes").returncode == 0
