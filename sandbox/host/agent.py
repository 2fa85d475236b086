"""The agent of the sandbox's ``host`` node: a small kubelet whose containers are processes of this machine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import secrets
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from sandbox.control_plane.api_client import ApiError
from sandbox.control_plane.endpoints import write_json
from sandbox.control_plane.nodes import HOST_NODE
from sandbox.control_plane.part import bare_environment
from sandbox.errors import SandboxError
from sandbox.host import said
from sandbox.host.addresses import Addresses, Claim
from sandbox.host.api import Api
from sandbox.host.events import Events
from sandbox.host.extender import application
from sandbox.host.leftovers import kill_members
from sandbox.host.node import keep_lease, register
from sandbox.host.pod import Kubelet, Pod, Programs
from sandbox.host.process import trim
from sandbox.host.services import Services
from sandbox.host.warden import Warden

Object = dict[str, Any]
MARKER = "SANDBOX_AGENT"
SHUTDOWN_SECONDS = 8.0
"""How long pods may take to end when the sandbox stops; each is asked first."""
_SAY_SECONDS = 0.2
_CHORES_SECONDS = 5.0
_KEPT_LOGS = 50
"""Containers of pods that failed and are gone whose logs are kept."""


class Agent:
    """Runs the pods of the node, and the proxies of the Services that they serve.

    Args:
        api: The API server.
        home: Where everything of it is kept.
        claim: The slice of the loopback network that it deals out.
        room: The capacity of the node.
        programs: Which program stands for an image.
    """

    def __init__(self, api: Api, home: Path, claim: Claim, room: Object, programs: Programs) -> None:
        self._api = api
        self._said_file = home / said.FILE
        self._room = room
        self._pods: dict[str, Pod] = {}
        self._gone: list[Object] = []
        self._said = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        marker = f"{MARKER}={secrets.token_hex(8)}"
        addresses = Addresses(claim.slice)
        self.services = Services(addresses, changed=self._said.set)
        self.kubelet = Kubelet(
            api=api,
            addresses=addresses,
            services=self.services,
            events=Events(api, HOST_NODE),
            warden=Warden(marker, bare_environment(PYTHONPATH=os.environ.get("PYTHONPATH", ""))),
            programs=programs,
            pods=home / "pods",
            logs=home / "logs",
            marker=marker,
            changed=self._said.set,
        )

    async def run(self, port: int, stop: asyncio.Event) -> None:
        """Run until told to stop.

        Args:
            port: Where the scheduler asks which pods belong here.
            stop: Set when it is to stop.

        Raises:
            OSError: The port is taken.
        """
        self._said_file.unlink(missing_ok=True)  # of an agent that was killed: nothing of it runs
        shutil.rmtree(self.kubelet.pods, ignore_errors=True)  # of an agent before, whose processes have ended with it
        for directory in (self.kubelet.pods, self.kubelet.logs):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.kubelet.warden.start()
        runner = web.AppRunner(application(self.kubelet.programs.runnable), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await self._registered()
        listed = asyncio.Event()
        follow = self._api.follow
        work = [
            follow("/api/v1/services", self.services.on_service, listed.set),
            follow("/apis/discovery.k8s.io/v1/endpointslices", self.services.on_slice, lambda: None),
            self.services.run(),
            keep_lease(self._api),
            self._say(),
            self._chores(),
        ]
        tasks = [asyncio.create_task(each) for each in work]
        await listed.wait()  # a pod that starts before it knows the Services would wait for them
        selector = f"fieldSelector=spec.nodeName%3D{HOST_NODE}"
        tasks.append(asyncio.create_task(follow(f"/api/v1/pods?{selector}", self._on_pod, lambda: None)))
        ended = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, ended], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {ended}:
                task.result()  # none of them ends but by a fault, which is to be seen
        finally:
            for task in tasks:
                task.cancel()
            await self._shut_down()
            await runner.cleanup()

    async def _registered(self) -> None:
        while True:
            try:
                await register(self._api, self._room)
            except ApiError:
                await asyncio.sleep(0.1)  # the API server is started at the same time
            else:
                return

    def _on_pod(self, kind: str, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        known = self._pods.get(uid)
        if kind == "DELETED":
            if known is not None:
                self._spawn(self._forget(uid, known))
            return
        if known is None:
            known = self._pods[uid] = Pod(self.kubelet, pod)
            known.start()
        known.update(pod)
        self._said.set()

    async def _forget(self, uid: str, pod: Pod) -> None:
        await pod.vanish()
        self._pods.pop(uid, None)
        if pod.failed:
            self._gone = [*self._gone, *pod.to_json()][-_KEPT_LOGS:]
            kept = {entry[key] for entry in self._gone for key in ("log", "previous_log")}
            await asyncio.to_thread(_prune, self.kubelet.logs, kept | self._logs())
        self._said.set()

    def _logs(self) -> set[str]:
        entries = [entry for pod in self._pods.values() for entry in pod.to_json()]
        return {entry[key] for entry in entries for key in ("log", "previous_log")}

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _say(self) -> None:
        """Write down what runs whenever that has changed, for ever."""
        while True:
            await self._said.wait()
            self._said.clear()
            pods = [entry for pod in self._pods.values() for entry in pod.to_json()]
            with contextlib.suppress(SandboxError):  # a full disk may not end what runs
                write_json(self._said_file, {"pods": pods, "services": self.services.to_json(), "gone": self._gone})
            await asyncio.sleep(_SAY_SECONDS)

    async def _chores(self) -> None:
        while True:
            await asyncio.sleep(_CHORES_SECONDS)
            self.kubelet.warden.start()
            for pod in self._pods.values():
                for container in pod.main:
                    trim(container.log)

    async def _shut_down(self) -> None:
        await asyncio.gather(*(pod.shut_down(SHUTDOWN_SECONDS) for pod in self._pods.values()), return_exceptions=True)
        await self.services.close()
        kill_members((), self.kubelet.marker)
        self.kubelet.warden.end()
        self._said_file.unlink(missing_ok=True)


def _prune(logs: Path, kept: set[str]) -> None:
    for log in logs.glob("*.log"):
        if str(log) not in kept:
            log.unlink(missing_ok=True)


def load_programs(module: str) -> Programs:
    """The table of programs: a module with ``resolve`` and ``runnable``."""
    return cast("Programs", importlib.import_module(module))


async def _main(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    claim = Claim.take(str(options.home))
    async with Api(options.server, ca=options.ca, cert=options.cert, key=options.key) as api:
        agent = Agent(api, options.home, claim, json.loads(options.room), load_programs(options.programs))
        await agent.run(options.port, stop)


def main(arguments: list[str] | None = None) -> int:
    """Run the agent of one sandbox; the result is an exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.host.agent")
    parser.add_argument("--server", required=True, help="the API server")
    for name in ("ca", "cert", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True, help="where it keeps pods and logs")
    parser.add_argument("--port", type=int, required=True, help="where the scheduler asks")
    parser.add_argument("--room", required=True, help="the node's capacity, as JSON")
    parser.add_argument("--programs", default="sandbox.host.programs", help="the module with the table of programs")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_main(options))
    except (SandboxError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
