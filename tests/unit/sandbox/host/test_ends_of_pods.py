"""What the agent does when it begins, and when it or a container ends at an awkward moment."""

import asyncio
import contextlib
import signal
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.control_plane.nodes import DEFAULT_NODES, room_of
from sandbox.host import container as container_module
from sandbox.host import said
from sandbox.host.addresses import Addresses, Claim
from sandbox.host.agent import Agent
from sandbox.host.container import Container, Launch
from sandbox.host.node import register
from sandbox.host.pod import Kubelet, Pod
from sandbox.host.podstatus import ContainerState
from sandbox.host.programs import resolve
from sandbox.host.proxy import Balancer, Client
from sandbox.host.warden import Warden
from tests.support import host_programs

MANIFEST: dict[str, Any] = {
    "metadata": {"name": "work-1", "namespace": "shop", "uid": "u1"},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": host_programs.IMAGE}]},
    "status": {},
}


class FakeApi:
    def __init__(self, found: Any = None) -> None:
        self.found = found
        self.sent: list[tuple[str, str, Any]] = []

    async def find(self, _path: str) -> Any:
        return self.found

    async def request(self, method: str, path: str, body: Any = None, **_: Any) -> Any:
        self.sent.append((method, path, body))
        return body


class Worker:
    """A container that works until it is asked to end, and then ends well."""

    def __init__(self, state: ContainerState, changed: Any) -> None:
        self.state, self._changed, self._asked = state, changed, asyncio.Event()

    async def run(self) -> None:
        self.state.pid = 7
        self._changed()
        await self._asked.wait()
        self.state.end(0)
        self.state.done = True
        self._changed()

    async def stop(self, _grace: float) -> None:
        self._asked.set()
        await asyncio.sleep(0.02)


def pod_of(api: FakeApi, tmp_path: Path) -> Pod:
    nothing: Any = SimpleNamespace()
    return Pod(
        Kubelet(
            api=api,  # type: ignore[arg-type]
            addresses=Addresses(0),
            services=nothing,
            events=nothing,
            warden=nothing,
            programs=host_programs,
            pods=tmp_path,
            logs=tmp_path,
            marker="A=b",
            changed=lambda: None,
        ),
        MANIFEST,
    )


async def test_that_the_agent_ends_is_no_end_of_the_work_of_a_pod(tmp_path: Path):
    api = FakeApi()
    pod = pod_of(api, tmp_path)
    pod.main = [Worker(pod.main[0].state, pod._change)]  # type: ignore[list-item]
    pod.start()
    await asyncio.sleep(0.02)
    reported = len(api.sent)
    assert reported >= 1
    await pod.shut_down(1.0)
    assert pod.main[0].state.done
    assert len(api.sent) == reported


async def test_a_container_that_is_stopped_while_it_is_prepared_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ready = asyncio.Event()

    async def prepare(_declared: Any) -> Launch:
        await ready.wait()
        return Launch("x", ("true",), {}, tmp_path)

    nothing: Any = None
    monkeypatch.setattr(container_module, "Process", lambda *_, **__: pytest.fail("it was started"))
    made = Container(
        {"name": "main"},
        ContainerState(name="main", image="x"),
        prepare=prepare,
        address="127.0.0.1",
        log=tmp_path / "log",
        warden=nothing,
        restart="Always",
        changed=lambda: None,
        say=lambda *_, **__: None,
    )
    running = asyncio.create_task(made.run())
    await asyncio.sleep(0)
    await made.stop(1.0)
    ready.set()
    await asyncio.wait_for(running, timeout=1)


async def test_a_client_that_waits_for_an_endpoint_is_broken_off_when_the_service_goes(
    monkeypatch: pytest.MonkeyPatch,
):
    ended: list[str] = []
    client = Client(lambda _: None)
    client.transport = SimpleNamespace(abort=lambda: ended.append("client"))  # type: ignore[assignment]
    made = Balancer("127.0.0.1", 1)

    async def forever(*_: Any, **__: Any) -> None:
        await asyncio.sleep(60)

    made._targets = (("127.0.0.1", 2),)
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", forever)
    tie = asyncio.create_task(made._tie(client))
    await asyncio.sleep(0)
    tie.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await tie
    assert ended == ["client"]


async def test_the_first_thing_an_agent_does_is_to_forget_what_the_one_before_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(_self: Warden) -> None:
        raise RuntimeError("no further")

    monkeypatch.setattr(Warden, "start", fail)
    (tmp_path / "pods.json").write_text("{}")
    agent = Agent(FakeApi(), tmp_path, Claim(0, socket.socket()), {}, host_programs)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="no further"):
        await agent.run(1, asyncio.Event())
    assert not (tmp_path / "pods.json").exists()


async def test_a_node_that_is_there_keeps_its_room_which_may_have_changed_since():
    room = room_of(DEFAULT_NODES)
    new, known = FakeApi(), FakeApi(found={"status": {}})
    for api in (new, known):
        await register(api, room)  # type: ignore[arg-type]
    assert new.sent[0][2]["status"]["capacity"] == room
    assert "capacity" not in known.sent[-1][2]["status"]
    assert "allocatable" not in known.sent[-1][2]["status"]
    assert known.sent[-1][2]["status"]["conditions"][0]["status"] == "True"


def test_postgresql_is_asked_to_end_without_waiting_for_its_clients():
    database, cache = resolve("postgres:17", ("postgres",), ()), resolve("redis", (), ())
    assert database is not None
    assert cache is not None
    assert (database.stop_signal, cache.stop_signal) == (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"pods": []}'])
def test_where_no_agent_has_said_anything_nothing_runs(tmp_path: Path, text: str | None):
    if text is not None:
        (tmp_path / said.FILE).write_text(text)
    assert said.read(tmp_path) == {"pods": [], "services": [], "gone": []}
