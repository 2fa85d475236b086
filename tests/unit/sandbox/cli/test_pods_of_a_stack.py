"""What `up`, `preview` and `status` do about pods that run as processes."""

import json
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.cli import deploy, openmp
from sandbox.cli.console import Console
from sandbox.cli.inspect import _describe, _print_status
from sandbox.control_plane.lifecycle import Status
from sandbox.deploy.environment import Environment
from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths
from sandbox.project import Project

ARGUMENTS = Namespace(engine="auto", stack="local", no_host_processes=False, refresh=False, json=False)


@pytest.fixture
def where(tmp_path: Path) -> Environment:
    return Environment(Project(tmp_path, "shop", "infra"), "local", SandboxPaths.of("shop", tmp_path), programs="some")


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch, where: Environment) -> list[str]:
    """The course of `up`, whichever engine deploys."""
    done: list[str] = []

    @contextmanager
    def lock(*_: Any) -> Iterator[None]:
        done.append("locked")
        yield
        done.append("free")

    class Engine:
        def __init__(self, *_: Any, **__: Any) -> None:
            self.warm = self.close = lambda: None

    def deployed(*_: Any, **__: Any) -> Any:
        done.append("deployed")
        return SimpleNamespace(ok=True, exit_code=0)

    def pulumi(*_: Any) -> Any:
        return SimpleNamespace(up=lambda _arguments: deployed().exit_code)

    monkeypatch.setattr(deploy, "environment", lambda _arguments: where)
    monkeypatch.setattr(deploy, "hosting", lambda _arguments, found: found)
    monkeypatch.setattr(deploy, "run_lock", lock)
    monkeypatch.setattr(deploy, "_guard", lambda *_, **__: None)
    monkeypatch.setattr(deploy, "_obtain_all_programs", lambda _console: None)
    monkeypatch.setattr(deploy, "PulumiCli", pulumi)
    monkeypatch.setattr(deploy, "EmbeddedEngine", Engine)
    monkeypatch.setattr(deploy, "remember_before", lambda *_: None)
    monkeypatch.setattr(deploy, "stored_outputs", lambda _path: {})
    monkeypatch.setattr(deploy, "deploy", deployed)
    monkeypatch.setattr(deploy, "smoke_after_up", lambda *_: done.append("smoke"))
    monkeypatch.setattr(Environment, "start", lambda *_: None)
    return done


@pytest.mark.parametrize("engine", ["pulumi", "embedded"])
def test_up_ends_with_one_price_before_another_run_may_begin(
    monkeypatch: pytest.MonkeyPatch, course: list[str], engine: str
):
    monkeypatch.setattr(deploy, "choose_engine", lambda _wanted: engine)
    monkeypatch.setattr(deploy, "require_openmp", lambda: None)
    assert deploy.up(ARGUMENTS, Console()) == 0
    assert course == ["locked", "deployed", "smoke", "free"]


def test_without_openmp_nothing_is_started_unless_all_pods_are_simulated(
    monkeypatch: pytest.MonkeyPatch, course: list[str], where: Environment
):
    monkeypatch.setattr(deploy, "choose_engine", lambda _wanted: "pulumi")
    monkeypatch.setattr(openmp.ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(SandboxError, match="libgomp is not here") as caught:
        deploy.up(ARGUMENTS, Console())
    assert "install libgomp1" in (caught.value.fix or "")
    assert "--no-host-processes" in (caught.value.fix or "")
    assert course == []
    object.__setattr__(where, "programs", "")
    assert deploy.up(ARGUMENTS, Console()) == 0


def test_a_preview_runs_no_pods_but_leaves_those_of_a_sandbox_that_is_there(where: Environment):
    assert deploy._to_look_at(where).programs == ""
    where.paths.home.mkdir(parents=True)
    assert deploy._to_look_at(where).programs is None, "to do what was done last"


@pytest.mark.parametrize("part", [{}, {"host": {"running": False}}, {"host": {"running": True}}])
def test_pods_are_shown_only_while_their_agent_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: dict[str, Any]
):
    (tmp_path / "host").mkdir()
    service = {"namespace": "shop", "name": "web", "address": "127.1.1.1", "port": 80, "problem": ""}
    (tmp_path / "host" / "pods.json").write_text(json.dumps({"pods": [], "services": [service], "gone": []}))
    found = Status(name="x", state="ready", pid=1, home=tmp_path, parts=part)
    runs = bool(part) and part["host"]["running"]
    described: Any = _describe(found)["host"]
    assert bool(described["services"]) == runs
    _print_status([found], Console())
    assert ("shop/web" in capsys.readouterr().out) == runs
