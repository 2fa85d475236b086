from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from sandbox.cli.hosted import read
from sandbox.control_plane import destroy
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.environment import Environment
from sandbox.engine.host import RunReport
from sandbox.paths import SandboxPaths
from sandbox.project import load_project
from tests.support.asking import asking
from tests.support.hosted import get, until
from tests.support.sandbox import sandbox_name

pytestmark = pytest.mark.e2e
PROGRAM = Path(__file__).parent / "programs" / "rollout"


@pytest.fixture
def where(tmp_path: Path) -> Iterator[Environment]:
    name = sandbox_name()
    paths = SandboxPaths.of(name, tmp_path)
    try:
        yield Environment(load_project(PROGRAM), "local", paths, programs="tests.support.host_programs")
    finally:
        destroy(name, root=tmp_path)


def deploy(where: Environment, version: str, *, never_ready: bool = False) -> RunReport:
    settings = {"version": version, "neverReady": "yes" if never_ready else ""}
    with closing(EmbeddedEngine(where, overrides=settings)) as engine:
        return engine.apply(where.start(print), lambda _: None)


def load(address: str) -> AbstractContextManager[list[str]]:
    """Ask without a pause from three sides; yields what was answered so far."""

    def ask() -> str:
        status, text = get(address)
        return text if status == 200 else f"status {status}"

    return asking(ask)


def test_a_good_version_replaces_another_with_no_failed_request_and_a_bad_one_is_refused_with_the_reason(
    where: Environment,
) -> None:
    assert deploy(where, "1").ok
    (service,) = until(lambda: read(where.paths.home)["services"], "the service is reached")
    with load(service["address"]) as answers:
        assert deploy(where, "2").ok
        until(lambda: answers[-6:] == ["2"] * 6, "the new version answers alone")
    assert set(answers) == {"1", "2"}

    with load(service["address"]) as answers:
        refused = deploy(where, "3", never_ready=True)
    assert set(answers) == {"2"}, "what is not ready gets no traffic"
    assert not refused.ok
    (failure,) = refused.failures
    assert "runs, but is not ready" in failure.error
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in failure.error
