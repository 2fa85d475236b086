from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox.cli import deploy
from sandbox.cli.console import Console
from sandbox.deploy.environment import Environment
from sandbox.paths import SandboxPaths
from sandbox.project import Project


@pytest.mark.parametrize(
    ("state", "existed", "ended_with"),
    [
        ("absent", False, ["stop", "destroy"]),
        ("stopped", True, ["stop"]),
        ("running", True, []),
    ],
)
def test_a_preview_leaves_the_sandbox_as_it_found_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, existed: bool, ended_with: list[str]
) -> None:
    where = Environment(Project(tmp_path, "shop", "infra"), "local", SandboxPaths.of("shop", tmp_path))
    if existed:
        where.paths.home.mkdir(parents=True)
    done: list[str] = []
    monkeypatch.setattr(deploy, "status", lambda *_, **__: SimpleNamespace(state=state))
    monkeypatch.setattr(deploy, "stop", lambda *_, **__: done.append("stop"))
    monkeypatch.setattr(deploy, "destroy_sandbox", lambda *_, **__: done.append("destroy"))

    def preview() -> None:
        with deploy._left_as_it_was(where, Console()):
            where.paths.home.mkdir(parents=True, exist_ok=True)
            raise RuntimeError("the preview failed")

    with pytest.raises(RuntimeError, match="the preview failed"):
        preview()
    assert done == ended_with


def test_a_preview_that_needs_no_sandbox_stops_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = Environment(Project(tmp_path, "shop", "infra"), "prod", SandboxPaths.of("shop", tmp_path))
    monkeypatch.setattr(deploy, "status", lambda *_, **__: SimpleNamespace(state="absent"))
    monkeypatch.setattr(deploy, "stop", lambda *_, **__: pytest.fail("there is nothing to stop"))
    with deploy._left_as_it_was(where, Console()):
        pass
