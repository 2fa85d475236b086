import json
from pathlib import Path

import pytest
import yaml

from sandbox.control_plane.host import HostPlan
from sandbox.control_plane.layout import Layout
from sandbox.control_plane.lifecycle import STOP_SECONDS
from sandbox.control_plane.nodes import DEFAULT_NODES
from sandbox.control_plane.part import Part
from sandbox.control_plane.pki import Pki
from sandbox.control_plane.spec import Spec
from sandbox.host.agent import SHUTDOWN_SECONDS
from sandbox.host.installs import Installed
from sandbox.host.pod import Programs
from sandbox.paths import SandboxPaths
from sandbox.tools import CONTROL_PLANE_TOOLS
from tests.support import host_programs


def layout(tmp_path: Path, *, host_port: int = 1004) -> Layout:
    paths = SandboxPaths.of("unit", tmp_path)
    paths.config.mkdir(parents=True, exist_ok=True)
    tools = {name: tmp_path / "bin" / name for name in CONTROL_PLANE_TOOLS}
    ports = {"etcd": 1001, "api": 1002, "moto": 1003, "host": host_port}
    return Layout(paths, Pki(paths.pki), tools, ports, HostPlan(DEFAULT_NODES, "tests.support.host_programs"))


def named(made: Layout, name: str) -> Part:
    return next(part for part in made.parts() if part.name == name)


def test_the_scheduler_asks_the_agent_which_node_a_pod_may_go_to(tmp_path: Path):
    made = layout(tmp_path)
    made.write_configuration()
    config = next(path for path in made.paths.config.iterdir() if "extenders" in path.read_text())
    (extender,) = yaml.safe_load(config.read_text())["extenders"]
    assert extender["urlPrefix"] == "http://127.0.0.1:1004"
    assert extender["filterVerb"] == "filter"


def test_a_port_that_moves_starts_the_agent_and_the_scheduler_again(tmp_path: Path):
    before, after = layout(tmp_path), layout(tmp_path, host_port=2004)
    changed = [old.name for old, new in zip(before.parts(), after.parts(), strict=True) if old != new]
    assert changed == ["kube-scheduler", "host"]


def test_the_agent_is_told_where_tools_are_and_nothing_else_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "precious")
    monkeypatch.setenv("PATH", "/opt/mine:/usr/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    part = named(layout(tmp_path), "host")
    assert part.environment["PATH"] == "/opt/mine:/usr/bin"
    assert part.environment["XDG_CACHE_HOME"] == "/cache"
    assert "precious" not in json.dumps(part.environment)
    assert "--programs=tests.support.host_programs" in part.command
    room = json.loads(next(word for word in part.command if word.startswith("--room=")).removeprefix("--room="))
    assert room["cpu"] == "24000m"


def test_the_agent_may_take_as_long_to_end_as_its_pods_and_their_connections_do(tmp_path: Path):
    made = layout(tmp_path)
    agent, store = named(made, "host"), named(made, "etcd")
    assert agent.stop_seconds > SHUTDOWN_SECONDS + 2.0 + 3.0
    assert agent.stop_seconds + store.stop_seconds < STOP_SECONDS


def test_without_a_table_of_programs_there_is_no_agent(tmp_path: Path):
    made = layout(tmp_path)
    plain = Layout(made.paths, made.pki, made.tools, made.ports)
    assert "host" not in [part.name for part in plain.parts()]


def test_what_a_sandbox_runs_is_remembered_and_older_files_are_read(tmp_path: Path):
    path = tmp_path / "spec.json"
    Spec(DEFAULT_NODES, {}, programs="some.module").write(path)
    assert Spec.read(path).programs == "some.module"
    old = json.loads(path.read_text())
    del old["programs"]
    path.write_text(json.dumps(old))
    assert Spec.read(path).programs == ""


def test_the_tests_table_is_one_that_the_agent_takes():
    table: Programs = host_programs
    program = table.resolve(host_programs.IMAGE, ("true",), ())
    assert program is not None
    assert program.command("127.1.1.1", Installed()) == ("true",)
    assert table.resolve("nginx:1", (), ()) is None
