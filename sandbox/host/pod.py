from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandbox.control_plane.api_client import ApiError
from sandbox.errors import SandboxError
from sandbox.host.addresses import Addresses
from sandbox.host.api import STRATEGIC, Api
from sandbox.host.container import Container, Launch
from sandbox.host.events import Events
from sandbox.host.mounts import Volumes, mount_paths, remove
from sandbox.host.node import NODE_IP
from sandbox.host.notyet import BAD_CONFIGURATION, CREATING, NotYetError
from sandbox.host.podstatus import ContainerState, PodState, timestamp
from sandbox.host.services import Services
from sandbox.host.substitute import Places, Substitution
from sandbox.host.variables import environment, expand
from sandbox.host.warden import Warden

Object = dict[str, Any]
NAME_PATIENCE = 30.0
"""Seconds that a container waits for a Service that it names; then it starts and finds out by itself."""
DRAIN_SECONDS = 1.0
"""Seconds that a pod which is to end goes on to serve until its endpoints have been taken back."""
_TOKEN_PERIOD = 600.0
_WELL = (0, 128 + 15, 128 + 9)
"""Exit codes of what ended by itself or because it was asked to."""


class Programs(Protocol):
    """Which program stands for an image (``sandbox.host.programs``)."""

    def resolve(self, image: str, command: Sequence[str], args: Sequence[str], /) -> Any:
        """The program of a container; None when there is none."""

    def runnable(self, pod: Mapping[str, Any], /) -> bool:
        """Whether there is a program for every container of a pod."""


@dataclass(frozen=True)
class Kubelet:
    """What every pod of the node shares.

    Attributes:
        api: The API server.
        addresses: Which loopback address stands for which address of the cluster.
        services: The Services.
        events: Where events go.
        warden: Kills what is left when the agent is killed.
        programs: Which program stands for an image.
        pods: Where the pods' directories are.
        logs: Where their logs are.
        marker: ``NAME=value`` in the environment of every process.
        changed: Called when a pod has changed.
    """

    api: Api
    addresses: Addresses
    services: Services
    events: Events
    warden: Warden
    programs: Programs
    pods: Path
    logs: Path
    marker: str
    changed: Callable[[], None]


class Pod:
    """Runs one pod: its volumes, its containers, its status; and ends it when it is deleted.

    Args:
        kubelet: What every pod of the node shares.
        pod: The pod as it is now.
    """

    def __init__(self, kubelet: Kubelet, pod: Object) -> None:
        self.object = pod
        self._kubelet = kubelet
        metadata = pod["metadata"]
        self.namespace, self.name, self.uid = metadata["namespace"], metadata["name"], metadata["uid"]
        ip = kubelet.addresses.of_pod(self.namespace, self.name)
        self.address = kubelet.addresses.loopback(ip) or ip
        former = pod.get("status") or {}
        self.state = PodState(ip=ip, host_ip=NODE_IP, begun=former.get("startTime") or timestamp())
        self._home = kubelet.pods / self.uid
        self._volumes = Volumes(kubelet.api, pod, self._home, self._told)
        self._claims = frozenset(
            each["name"] for each in pod["spec"].get("volumes") or [] if "persistentVolumeClaim" in each
        )
        spec = pod["spec"]
        first = spec.get("initContainers") or []
        self._first: list[Container] = []
        self._first = [self._container(each, former.get("initContainerStatuses"), self.state.first) for each in first]
        self.main = [
            self._container(each, former.get("containerStatuses"), self.state.main) for each in spec["containers"]
        ]
        self._dirty = asyncio.Event()
        self._begun = time.monotonic()
        self._prepared = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._reporting: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._warned: set[str] = set()

    @property
    def _told(self) -> dict[str, str]:
        """What a process is told of its addresses: those that it can use."""
        return {
            "status.podIP": self.address,
            "status.podIPs": self.address,
            "status.hostIP": NODE_IP,
            "status.hostIPs": NODE_IP,
        }

    def start(self) -> None:
        """Begin to run it."""
        self._reporting = asyncio.create_task(self._report())
        self._tasks = [asyncio.create_task(self._run()), self._reporting]

    def update(self, pod: Object) -> None:
        """Take a change of the object; one that was marked for deletion begins to end."""
        self.object = pod
        if pod["metadata"].get("deletionTimestamp") and self._ending is None:
            grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
            self._ending = asyncio.create_task(self._end(grace))

    async def vanish(self) -> None:
        """The object is gone: nothing of it may go on."""
        await self._stop(grace=0.0)
        self._tidy()

    async def shut_down(self, grace: float) -> None:
        """The agent ends: end the processes, and leave the object as it is."""
        if self._reporting is not None:
            self._reporting.cancel()  # before they end: that they do is no news of the pod's own
        await self._stop(grace)

    @property
    def failed(self) -> bool:
        """Whether a container of it ever ended badly: what it logged is kept when it is gone."""
        states = (each.state for each in (*self._first, *self.main))
        return any(each.restarts or (each.ended and each.ended["exitCode"] not in _WELL) for each in states)

    def to_json(self) -> list[Object]:
        """What runs, for people."""
        return [
            {
                "namespace": self.namespace,
                "pod": self.name,
                "container": each.state.name,
                "program": each.program,
                "pid": each.state.pid,
                "address": self.address,
                "ports": [port["containerPort"] for port in each.declared.get("ports") or []],
                "ready": each.state.ready,
                "restarts": each.state.restarts,
                "phase": self.state.phase,
                "waiting": list(each.state.waiting) if each.state.waiting and each.state.pid is None else None,
                "log": str(each.log),
                "previous_log": str(each.previous_log),
                "labels": self.object["metadata"].get("labels") or {},
                "owner": self.object["metadata"].get("ownerReferences", [{}])[0].get("name", ""),
            }
            for each in (*self._first, *self.main)
        ]

    def _container(self, declared: Object, former: list[Object] | None, states: list[ContainerState]) -> Container:
        policy = self.object["spec"].get("restartPolicy", "Always")
        is_first = states is self.state.first
        state = ContainerState(name=declared["name"], image=declared["image"])
        before = next((each for each in former or [] if each["name"] == state.name), None)
        if before is not None:
            _take_up(state, before, policy)
        elif not is_first and self._first:
            state.waiting = ("PodInitializing", "")
        states.append(state)
        container = Container(
            declared,
            state,
            prepare=self._prepare,
            address=self.address,
            log=self._kubelet.logs / f"{self.namespace}_{self.name}_{state.name}.log",
            warden=self._kubelet.warden,
            restart="OnFailure" if is_first and policy == "Always" else policy,
            changed=self._change,
            say=self._say,
        )
        container.allow(float(self.object["spec"].get("terminationGracePeriodSeconds") or 30))
        return container

    def _change(self) -> None:
        self._dirty.set()
        self._kubelet.changed()

    def _say(self, reason: str, message: str, *, warning: bool = False) -> None:
        self._kubelet.events.say(self.object, reason, message, warning=warning)

    async def _run(self) -> None:
        self._dirty.set()
        for container in self._first:
            if not container.state.done:
                await container.run()
            if (container.state.ended or {}).get("exitCode"):
                self.state.failed = True
                self._change()
                return
        self.state.initialized = True
        self._change()
        renewing = asyncio.create_task(self._renew())
        try:
            await asyncio.gather(*(each.run() for each in self.main if not each.state.done))
        finally:
            renewing.cancel()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_TOKEN_PERIOD)
            with contextlib.suppress(ApiError, OSError):
                await self._volumes.refresh_tokens()

    async def _report(self) -> None:
        """Report the status whenever it has changed, for ever."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{self.name}/status"
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            body = {"metadata": {"uid": self.uid}, "status": self.state.to_json(self.object.get("status") or {})}
            try:
                answer = await self._kubelet.api.request("PATCH", path, body, content_type=STRATEGIC)
                self.object["status"] = answer["status"]
            except ApiError as error:
                if error.status in (404, 409):  # it is gone, or another has its name
                    return
                await asyncio.sleep(0.5)
                self._dirty.set()

    async def _end(self, grace: float) -> None:
        """End a pod that is being deleted: drain, stop, and let the object go."""
        kubelet = self._kubelet
        kubelet.services.drain(self.state.ip)
        if self.state.ready and grace > 0:
            await kubelet.services.wait_until_unlisted(self.state.ip, DRAIN_SECONDS)
        if any(each.state.pid for each in self.main):
            self._say("Killing", "Stopping container " + ", ".join(each.state.name for each in self.main))
        await self._stop(grace)
        remove(self._home)  # who sees that the object is gone may take it that its secrets are, too
        path = f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}}
        while True:
            try:
                await kubelet.api.request("DELETE", path, body)
            except ApiError as error:
                if error.status not in (404, 409):
                    await asyncio.sleep(0.5)
                    continue
            return

    async def _stop(self, grace: float) -> None:
        await asyncio.gather(*(each.stop(grace) for each in (*self._first, *self.main)))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tidy(self) -> None:
        remove(self._home)
        self._kubelet.services.undrain(self.state.ip)
        self._kubelet.events.forget(self.uid)
        for container in () if self.failed else (*self._first, *self.main):
            for log in (container.log, container.previous_log):
                log.unlink(missing_ok=True)
        if "hostname" not in self.object["spec"]:  # the next pod of a StatefulSet has this one's name
            self._kubelet.addresses.forget_pod(self.namespace, self.name)

    async def _prepare(self, declared: Object) -> Launch:
        """Make what is started for a container.

        Raises:
            NotYetError: Something that it needs is missing.
        """
        try:
            async with self._prepared:  # the volumes are written by one container at a time
                return await self._make(declared)
        except ApiError as error:
            raise NotYetError(CREATING, error.what) from error
        except OSError as error:
            raise NotYetError(CREATING, f"{error.filename or self._home}: {error.strerror or error}") from error

    async def _make(self, declared: Object) -> Launch:
        kubelet, address = self._kubelet, self.address
        variables = await environment(kubelet.api.find, self.object, declared, self._told)
        command = [expand(each, variables) for each in declared.get("command") or []]
        arguments = [expand(each, variables) for each in declared.get("args") or []]
        program = kubelet.programs.resolve(declared["image"], command, arguments)
        if program is None:
            raise NotYetError("ErrImagePull", f"no program of this machine stands for the image {declared['image']}")
        place = await self._installed(program)
        volumes = await self._volumes.locate(declared)
        mounted = mount_paths(declared, volumes, self._claims)
        paths = {str(path).rstrip("/"): str(here) for path, here in place.paths.items()} | mounted
        here = Substitution(self._places_for(paths))
        texts = program.texts(address)

        def text_of_a_file(text: str) -> str:
            for old, new in texts.items():
                text = text.replace(old, new)
            return here(text)

        await self._volumes.write(declared, text_of_a_file)
        under, over = program.environment(address, place)
        home, temporary = self._directories(declared, mounted)
        whole = {
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "HOSTNAME": self.name,
            **under,
            **{name: here(value) for name, value in variables.items()},
            **{name: here(value) for name, value in over.items()},
            **dict([self._kubelet.marker.split("=", 1)]),
        }
        argv = program.command(address, place, here)
        self._settle_names(here.unresolved)
        return Launch(
            program=program.name,
            argv=argv,
            environment=whole,
            directory=_working_directory(here(declared.get("workingDir") or ""), home),
            stop_signal=program.stop_signal,
        )

    async def _installed(self, program: Any) -> Any:
        """Where the program's tool is; it may have to be got first."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(None, program.install, print)
        except SandboxError as error:
            raise NotYetError(BAD_CONFIGURATION, str(error)) from error

    def _places_for(self, paths: Mapping[str, str]) -> Places:
        services = self._kubelet.services
        return Places(
            lookup=services.lookup,
            address=self._kubelet.addresses.loopback,
            hosts={**services.qualified(), "localhost": self.address, "127.0.0.1": self.address},
            near=services.bare(self.namespace),
            paths=paths,
        )

    def _directories(self, declared: Object, mounted: Mapping[str, str]) -> tuple[Path, Path]:
        home = self._home / "home" / declared["name"]
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = Path(mounted["/tmp"]) if "/tmp" in mounted else self._home / "tmp"  # noqa: S108 - of the container
        temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
        return home, temporary

    def _settle_names(self, unresolved: set[str]) -> None:
        """Wait for Services that are named and not there, but not for ever: a text may name what never comes.

        Raises:
            NotYetError: There is still time for them to come.
        """
        if not unresolved:
            return
        names = ", ".join(sorted(unresolved))
        if time.monotonic() - self._begun < NAME_PATIENCE:
            raise NotYetError(CREATING, f"there is no Service behind {names}")
        if names not in self._warned:
            self._warned.add(names)
            self._say("NameUnresolved", f"Started although there is no Service behind {names}", warning=True)


def _working_directory(wanted: str, home: Path) -> Path:
    """The directory that the container asks for where it is here, else its home."""
    return Path(wanted) if wanted and Path(wanted).is_dir() else home


def _take_up(state: ContainerState, before: Object, policy: str) -> None:
    """Go on from what an agent before this one reported: what it ran has ended with it."""
    state.restarts = int(before.get("restartCount") or 0)
    said = before.get("state") or {}
    state.ended = (before.get("lastState") or {}).get("terminated")
    if "terminated" in said:
        state.ended = said["terminated"]
        state.done = True
    elif "running" in said:
        state.begun = said["running"].get("startedAt", "")
        state.end(137)
        if policy == "Never":
            state.done = True
        else:
            state.restarts += 1
