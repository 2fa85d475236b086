from pathlib import Path

import pytest

from sandbox.control_plane import supervisor as module
from sandbox.control_plane.child import LOG_LIMIT, Child
from sandbox.control_plane.nodes import DEFAULT_NODES
from sandbox.control_plane.part import Part
from sandbox.control_plane.spec import Spec
from sandbox.control_plane.supervisor import CRASHES, Supervisor, main
from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths
from sandbox.tools import CONTROL_PLANE_TOOLS


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    paths = SandboxPaths.of("unit", tmp_path)
    for directory in (paths.config, paths.logs):
        directory.mkdir(parents=True)
    return Supervisor(paths, Spec(DEFAULT_NODES, {name: tmp_path / name for name in CONTROL_PLANE_TOOLS}))


def fail_to_write(*_: object, **__: object) -> None:
    raise SandboxError("The disk is full")


def test_a_full_disk_ends_a_start_but_not_a_sandbox_in_use(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "write_json", fail_to_write)
    with pytest.raises(SandboxError, match="The disk is full"):
        supervisor._say()
    supervisor.phase = "ready"
    supervisor._say()
    supervisor.phase = "stopping"
    supervisor._say()


def test_a_log_that_cannot_be_written_to_does_not_end_a_sandbox_either(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
):
    class Full:
        def write(self, _: str) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_json", fail_to_write)
    monkeypatch.setattr("sys.stderr", Full())
    supervisor.phase = "ready"
    supervisor._say()


def test_a_part_that_cannot_be_started_ends_a_start_and_is_tried_again_in_a_sandbox_in_use(supervisor: Supervisor):
    etcd = supervisor.children["etcd"]
    with pytest.raises(SandboxError, match="Cannot start etcd"):
        supervisor._start_again(etcd)
    supervisor.phase = "ready"
    supervisor._start_again(etcd)
    assert not etcd.is_running
    assert not etcd.is_due, "it waits before it tries again"


def test_what_an_agent_said_of_its_pods_goes_when_it_has_ended(supervisor: Supervisor, tmp_path: Path):
    class Ended(Child):
        def look(self) -> bool:
            return True

        def start(self) -> None:
            pass

    said = supervisor.paths.host / "pods.json"
    said.parent.mkdir()
    said.write_text("{}")
    for name, is_left in (("kwok", True), ("host", False)):
        supervisor.children = {name: Ended(Part(name, ("x",)), tmp_path / "log")}
        supervisor._tend()
        assert said.exists() == is_left


def test_crashes_of_a_client_count_only_once_the_api_server_has_been_ready(supervisor: Supervisor):
    etcd, kwok = supervisor.children["etcd"], supervisor.children["kwok"]
    etcd.restarts = kwok.restarts = CRASHES
    assert supervisor._is_hopeless(etcd)
    assert not supervisor._is_hopeless(kwok)
    supervisor._bootstrapped = True
    assert supervisor._is_hopeless(kwok)
    supervisor.phase = "ready"
    assert not supervisor._is_hopeless(kwok)


def test_ports_of_the_last_start_are_asked_for_again(tmp_path: Path, supervisor: Supervisor):
    spec = Spec(DEFAULT_NODES, supervisor.spec.tools, dict(supervisor.ports))
    assert Supervisor(supervisor.paths, spec).ports == supervisor.ports


def test_a_supervisor_without_a_specification_says_so_in_its_status_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    SandboxPaths.of("unit", tmp_path).home.mkdir(parents=True)
    assert main(["--root", str(tmp_path), "--name", "unit"]) == 1
    assert "The specification of the sandbox cannot be read" in capsys.readouterr().err
    assert '"phase": "failed"' in SandboxPaths.of("unit", tmp_path).status_file.read_text()


def test_words_of_an_earlier_run_are_not_taken_for_the_last_ones(tmp_path: Path):
    log = tmp_path / "x.log"
    child = Child(Part("x", ("/x",), port="api"), log)
    log.write_text("bind: address already in use\n")
    assert child.port_was_taken()
    child._log_begin = log.stat().st_size
    assert not child.port_was_taken()
    assert child.tail() == ""


def test_a_log_that_has_grown_too_large_loses_its_older_half_at_a_line(tmp_path: Path):
    log = tmp_path / "x.log"
    line = b"0123456789abcdef" * 4 + b"\n"
    log.write_bytes(line * (LOG_LIMIT // len(line) + 10))
    child = Child(Part("x", ("/x",)), log)
    child.trim_log()
    kept = log.read_bytes()
    assert LOG_LIMIT // 2 - len(line) <= len(kept) <= LOG_LIMIT // 2
    assert kept.startswith(line)
    child.trim_log()
    assert log.read_bytes() == kept


def test_delays_between_starts_grow_up_to_ten_seconds(tmp_path: Path):
    child = Child(Part("x", ("/x",)), tmp_path / "x.log")
    delays = []
    child._started = float("inf")
    for _ in range(8):
        delays.append(child._delay)
        child.defer()
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
