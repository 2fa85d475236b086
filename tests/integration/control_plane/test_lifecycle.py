import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.control_plane import (
    Endpoints,
    NodeSize,
    admin_client,
    destroy,
    ensure_running,
    list_sandboxes,
    status,
    stop,
)
from sandbox.control_plane.bootstrap import simulated_nodes
from sandbox.control_plane.spec import Spec
from sandbox.errors import ConfigurationError, SandboxError
from sandbox.inventory import inventory
from sandbox.paths import SandboxPaths
from tests.support.sandbox import sandbox_name

pytestmark = pytest.mark.integration

ONE_NODE = (NodeSize(cpu="4", memory="8Gi"),)


class Machine:
    """A project directory whose sandboxes are destroyed at the end of a test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.told: list[str] = []

    def up(self, name: str, nodes: tuple[NodeSize, ...] = ONE_NODE) -> Endpoints:
        return ensure_running(name, nodes=nodes, progress=self.told.append, root=self.root)

    def clean(self) -> None:
        for sandbox in list_sandboxes(root=self.root):
            destroy(sandbox.name, root=self.root)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    try:
        yield machine
    finally:
        machine.clean()


@pytest.fixture
def name() -> str:
    return sandbox_name()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def eventually(look: Callable[[], bool], *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"nothing after {seconds} s"
        time.sleep(0.05)


@contextlib.contextmanager
def steal(port: int) -> Iterator[None]:
    """Listen on a port as soon as its owner is gone; the threads of a killed process end one by one."""
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        def bound() -> bool:
            try:
                thief.bind(("127.0.0.1", port))
            except OSError:
                return False
            return True

        eventually(bound)
        thief.listen()
        yield


def make_config_map(endpoints: Endpoints, name: str) -> None:
    admin_client(endpoints).request(
        "POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}, "data": {"a": "b"}}
    )


def has_config_map(endpoints: Endpoints, name: str) -> bool:
    items = admin_client(endpoints).get("/api/v1/namespaces/default/configmaps")["items"]
    return name in [item["metadata"]["name"] for item in items]


def assert_claims_are_served(endpoints: Endpoints) -> None:
    client = admin_client(endpoints)
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    client.request("POST", claims, {"metadata": {"name": "data"}, "spec": spec})
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    pod = {"containers": [{"name": "c", "image": "registry.invalid/app:1.0"}], "volumes": [volume]}
    client.request("POST", "/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": pod})
    eventually(lambda: client.get(f"{claims}/data")["status"]["phase"] == "Bound")


def resident(pids: dict[str, int]) -> int:
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids.values()]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def test_the_whole_life_of_a_sandbox(machine: Machine, name: str):
    assert status(name, root=machine.root).state == "absent"
    endpoints = machine.up(name)
    assert status(name, root=machine.root).state == "ready"
    assert status(name, root=machine.root).endpoints == endpoints
    assert inventory(endpoints).is_empty, "a new sandbox holds nothing but its own"
    assert resident(endpoints.pids) < 900 * 10**6
    assert endpoints.pids.keys() == {
        "supervisor",
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kwok",
        "moto",
    }
    make_config_map(endpoints, "kept")

    begin = time.monotonic()
    assert machine.up(name) == endpoints
    assert time.monotonic() - begin < 1.0, "it takes 20 ms on an idle machine"

    assert stop(name, root=machine.root)
    assert not stop(name, root=machine.root)
    assert not any(alive(pid) for pid in endpoints.pids.values())
    assert status(name, root=machine.root).state == "stopped"
    assert not SandboxPaths.of(name, machine.root).endpoints_file.exists()

    again = machine.up(name)
    assert has_config_map(again, "kept"), "the API server keeps what it has"
    assert again.boot_ids != endpoints.boot_ids, "the AWS API is a new, empty one, and can be seen to be"
    assert again.api_url == endpoints.api_url, "a kubeconfig in use stays right while its port is free"

    assert destroy(name, root=machine.root)
    assert not destroy(name, root=machine.root)
    assert not SandboxPaths.of(name, machine.root).home.exists()
    assert not any(alive(pid) for pid in again.pids.values())
    assert list_sandboxes(root=machine.root) == []


def test_a_killed_supervisor_takes_all_its_parts_along_and_the_next_start_recovers(machine: Machine, name: str):
    endpoints = machine.up(name)
    make_config_map(endpoints, "kept")
    os.kill(endpoints.pids["supervisor"], signal.SIGKILL)
    again = machine.up(name)  # at once, while the last threads of the dead are still ending
    assert has_config_map(again, "kept")
    eventually(lambda: not any(alive(pid) for pid in endpoints.pids.values()), seconds=5)
    os.kill(again.pids["supervisor"], signal.SIGKILL)
    eventually(lambda: status(name, root=machine.root).state == "stopped", seconds=5)
    eventually(lambda: not any(alive(pid) for pid in again.pids.values()), seconds=5)


def test_a_part_that_crashes_is_started_again_and_the_endpoints_say_so(machine: Machine, name: str):
    endpoints = machine.up(name)
    make_config_map(endpoints, "kept")
    for part in ("etcd", "moto"):
        os.kill(endpoints.pids[part], signal.SIGKILL)

    def restarted() -> bool:
        now = status(name, root=machine.root)
        return bool(
            now.endpoints
            and now.state == "ready"
            and now.endpoints.pids.get("etcd") not in (None, endpoints.pids["etcd"])
            and now.endpoints.boot_ids["moto"] != endpoints.boot_ids["moto"]
        )

    eventually(restarted)
    now = machine.up(name)
    assert now.pids["supervisor"] == endpoints.pids["supervisor"]
    assert has_config_map(now, "kept")
    assert status(name, root=machine.root).parts["etcd"]["restarts"] == 1


def test_a_port_that_somebody_else_took_is_replaced(machine: Machine, name: str):
    endpoints = machine.up(name)
    moto_port = int(endpoints.moto_url.rsplit(":", 1)[1])
    api_port = int(endpoints.api_url.rsplit(":", 1)[1])
    os.kill(endpoints.pids["supervisor"], signal.SIGSTOP)  # or it would be faster than the thief
    with contextlib.ExitStack() as stack:
        for part, port in (("moto", moto_port), ("kube-apiserver", api_port)):
            os.kill(endpoints.pids[part], signal.SIGKILL)
            stack.enter_context(steal(port))
        os.kill(endpoints.pids["supervisor"], signal.SIGCONT)

        def moved() -> bool:
            now = status(name, root=machine.root).endpoints
            return bool(now and now.moto_url != endpoints.moto_url and now.api_url != endpoints.api_url)

        eventually(moved)
        now = machine.up(name)
        assert has_config_map(now, "kube-root-ca.crt")
        assert len(simulated_nodes(admin_client(now))) == 1
        assert_claims_are_served(now)


def test_ports_taken_while_stopped_are_replaced_at_the_next_start(machine: Machine, name: str):
    endpoints = machine.up(name)
    stop(name, root=machine.root)
    with steal(int(endpoints.api_url.rsplit(":", 1)[1])):
        assert machine.up(name).api_url != endpoints.api_url


def test_two_sandboxes_live_side_by_side_and_two_callers_start_one_once(machine: Machine, name: str):
    other = f"{name}-b"
    results: list[Endpoints] = []

    def start(which: str) -> None:
        results.append(machine.up(which))

    threads = [threading.Thread(target=start, args=(which,)) for which in (name, name, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    mine = [endpoints for endpoints in results if endpoints.name == name]
    assert mine[0] == mine[1]
    (theirs,) = [endpoints for endpoints in results if endpoints.name == other]
    make_config_map(mine[0], "only-here")
    assert not has_config_map(theirs, "only-here")
    assert [sandbox.name for sandbox in list_sandboxes(root=machine.root)] == [name, other]


def test_the_nodes_of_a_running_sandbox_can_be_changed(machine: Machine, name: str):
    endpoints = machine.up(name)
    wider = (NodeSize(cpu="16", memory="64Gi", labels={"pool": "big"}), NodeSize(cpu="2", memory="4Gi", count=2))
    assert machine.up(name, wider).pids == endpoints.pids
    nodes = {node["metadata"]["name"]: node for node in simulated_nodes(admin_client(endpoints))}
    assert len(nodes) == 3
    assert nodes["node-000"]["status"]["capacity"]["cpu"] == "16"
    assert nodes["node-000"]["metadata"]["labels"]["pool"] == "big"
    machine.up(name)
    assert len(simulated_nodes(admin_client(endpoints))) == 1


def test_a_sandbox_whose_directory_is_removed_ends(machine: Machine, name: str):
    endpoints = machine.up(name)
    SandboxPaths.of(name, machine.root).supervisor_lock.unlink()
    eventually(lambda: not any(alive(pid) for pid in endpoints.pids.values()), seconds=20)


def test_the_sandbox_outlives_the_process_that_started_it(machine: Machine, name: str):
    program = (
        "import sys, pathlib; from sandbox.control_plane import *; "
        "ensure_running(sys.argv[1], nodes=(NodeSize('4', '8Gi'),), progress=print, root=pathlib.Path(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", program, name, str(machine.root)], check=True, capture_output=True)
    assert status(name, root=machine.root).state == "ready"
    machine.up(name)
    assert machine.told == [], "nothing had to be started"


def test_damaged_data_ends_in_one_error_with_the_part_its_log_and_a_remedy(machine: Machine, name: str):
    machine.up(name)
    stop(name, root=machine.root)
    paths = SandboxPaths.of(name, machine.root)
    (paths.etcd_data / "member" / "snap" / "db").write_bytes(b"not a database")
    with pytest.raises(SandboxError, match="etcd does not start") as caught:
        machine.up(name)
    assert str(paths.logs / "etcd.log") in str(caught.value)
    assert "sandbox destroy" in str(caught.value)
    assert status(name, root=machine.root).state == "stopped"


def test_a_missing_program_is_named(machine: Machine, name: str, monkeypatch: pytest.MonkeyPatch):
    from sandbox.control_plane import lifecycle

    resolve = lifecycle.resolve

    def without_etcd(names: tuple[str, ...], progress: Callable[[str], None]) -> dict[str, Path]:
        return {**resolve(names, progress), "etcd": machine.root / "gone"}

    monkeypatch.setattr(lifecycle, "resolve", without_etcd)
    with pytest.raises(SandboxError, match="Cannot start etcd: No such file or directory") as caught:
        machine.up(name)
    assert str(machine.root / "gone") in str(caught.value)


def test_a_full_disk_is_told_before_anything_starts(machine: Machine, name: str, monkeypatch: pytest.MonkeyPatch):
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))  # type: ignore[attr-defined]
    with pytest.raises(SandboxError, match="needs 300 MB of free disk; there are 0 MB"):
        machine.up(name)
    assert status(name, root=machine.root).state == "stopped"


def test_a_directory_that_cannot_be_written_is_named(machine: Machine, name: str):
    (machine.root / ".sandbox").write_text("in the way")
    with pytest.raises(SandboxError, match="Cannot write") as caught:
        machine.up(name)
    assert str(machine.root / ".sandbox") in str(caught.value)
    (machine.root / ".sandbox").unlink()


@pytest.mark.parametrize("nodes", [(), (NodeSize("1", "1Gi", count=0),)])
def test_nothing_starts_for_nodes_that_are_not_valid(machine: Machine, name: str, nodes: tuple[NodeSize, ...]):
    with pytest.raises(ConfigurationError):
        machine.up(name, nodes)
    assert status(name, root=machine.root).state == "absent"


def test_a_specification_that_cannot_be_read_is_replaced_by_the_next_start(machine: Machine, name: str):
    machine.up(name)
    stop(name, root=machine.root)
    paths = SandboxPaths.of(name, machine.root)
    paths.spec_file.write_text("{")
    machine.up(name)
    assert Spec.read(paths.spec_file).nodes == ONE_NODE
