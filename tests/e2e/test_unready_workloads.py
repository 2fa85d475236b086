from pathlib import Path

import pytest

from bench.waiting import run
from bench.waiting.measure import PROGRAM
from sandbox.control_plane import destroy
from sandbox.deploy.environment import Environment
from sandbox.paths import SandboxPaths
from sandbox.project import load_project
from tests.support.sandbox import sandbox_name

pytestmark = pytest.mark.e2e


def test_two_hundred_unready_deployments_do_not_hold_up_an_unrelated_config_map(tmp_path: Path) -> None:
    name = sandbox_name()
    try:
        outcome = run(Environment(load_project(PROGRAM), "local", SandboxPaths.of(name, tmp_path)))
    finally:
        destroy(name, root=tmp_path)

    assert outcome.ended == 0, "the ConfigMap was done before any Deployment ended"
    assert outcome.own_seconds > 0
