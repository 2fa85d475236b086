from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.deathsignal import die_with_parent
from sandbox.host.notyet import CREATING, NotYetError
from sandbox.host.podstatus import ContainerState, timestamp
from sandbox.host.probes import Asker, Probe, first_success, until_failed
from sandbox.host.process import Process, last_words
from sandbox.host.warden import Warden

Object = dict[str, Any]
Say = Callable[..., None]
FIRST_DELAY = 1.0
"""Seconds before the first restart. The kubelet restarts at once, then after 10 s; here it begins with one second and
doubles, so that a service that waits for another is back soon."""
LONGEST_DELAY = 300.0
"""Seconds; the kubelet's own (MaxContainerBackOff)."""
STEADY_SECONDS = 600.0
"""A container that ran for so long begins anew with the shortest delay (kubelet: twice its longest back-off)."""
_RETRY_FIRST, _RETRY_LONGEST = 0.25, 5.0


@dataclass(frozen=True)
class Launch:
    """What is started for a container.

    Attributes:
        program: The program's name, for people.
        argv: The program and its arguments.
        environment: Its whole environment.
        directory: Where it starts.
        stop_signal: What asks it to end.
    """

    program: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    stop_signal: signal.Signals = signal.SIGTERM


Prepare = Callable[[Object], Awaitable[Launch]]


class Container:
    """Runs one container as its pod declares it: starts it, probes it, restarts it with growing delays.

    Args:
        declared: The container, as the pod has it.
        state: What is known of it; kept up to date here.
        prepare: Makes what is started, each time anew.
        address: The pod's address on this machine.
        log: The file that gets its output; that of the run before is kept beside it.
        warden: Kills what is left when the agent is killed.
        restart: The restart policy: ``Always``, ``OnFailure`` or ``Never``.
        changed: Called when the state has changed.
        say: Writes an event: reason, message, and whether it is a warning.
    """

    def __init__(
        self,
        declared: Object,
        state: ContainerState,
        *,
        prepare: Prepare,
        address: str,
        log: Path,
        warden: Warden,
        restart: str,
        changed: Callable[[], None],
        say: Say,
    ) -> None:
        self.state = state
        self.log = log
        self.program = ""
        self.declared = declared
        self._prepare = prepare
        self._warden = warden
        self._restart = restart
        self._changed = changed
        self._say = say
        self._process: Process | None = None
        self._launch: Launch | None = None
        self._grace = 30.0
        self._stopping = False
        ports = {each["name"]: int(each["containerPort"]) for each in declared.get("ports") or [] if "name" in each}
        self._asker = Asker(address, ports, self.run_beside)

    @property
    def previous_log(self) -> Path:
        """The log of the run before."""
        return self.log.with_suffix(".previous.log")

    async def run(self) -> None:
        """Run it until it has ended for good."""
        delay = FIRST_DELAY
        while not self._stopping:
            begun = time.monotonic()
            code = await self._once()
            if self._stopping or code is None:
                break
            if self._restart == "Never" or (self._restart == "OnFailure" and code == 0):
                break
            if time.monotonic() - begun > STEADY_SECONDS:
                delay = FIRST_DELAY
            message = f"back-off {delay:g}s restarting failed container={self.state.name}"
            self.state.waiting = ("CrashLoopBackOff", message)
            self._changed()
            self._say("BackOff", f"Back-off restarting container {self.state.name}", warning=True)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
            self.state.restarts += 1
        self.state.done = True
        self._changed()

    async def stop(self, grace: float) -> None:
        """Ask it to end, kill it after the grace period, and do not start it again."""
        self._stopping = True
        if self._process is not None:
            await self._process.stop(grace)

    async def run_beside(self, command: list[str], seconds: float) -> tuple[int, str]:
        """Run a command with the container's environment: its exit status and output.

        Raises:
            OSError: It cannot be run, or takes longer than so many seconds.
        """
        launch = self._launch
        if launch is None:
            return 1, "the container does not run"
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=launch.directory,
            env=dict(launch.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(),
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), timeout=seconds)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        return process.returncode or 0, output.decode("utf-8", "replace")

    async def _once(self) -> int | None:
        """One run: its exit status; None when it was stopped before it began."""
        launch = await self._prepared()
        if launch is None or self._stopping:  # it may have been told to end while it was prepared
            return None
        if self.log.exists():
            self.log.replace(self.previous_log)
        self._launch, self.program = launch, launch.program
        try:
            process = Process(
                launch.argv,
                launch.environment,
                launch.directory,
                self.log,
                self._warden,
                stop_signal=launch.stop_signal,
            )
        except OSError as error:
            self.state.begun = timestamp()
            self.state.end(127, reason="StartError")
            self._say("Failed", f"{launch.argv[0]} cannot be started: {error.strerror or error}", warning=True)
            return 127
        self._process = process
        self.state.pid, self.state.begun, self.state.waiting = process.pid, timestamp(), None
        self._say("Started", f"Started container {self.state.name} as process {process.pid} ({launch.program})")
        self._changed()
        watching = asyncio.create_task(self._watch(process))
        try:
            code = await process.wait()
        finally:
            watching.cancel()
        self._process = None
        words = last_words(self.log) if code and not self._stopping else ""
        self.state.end(code, message=words)
        if code and not self._stopping:
            last = words.rpartition("\n")[2]
            self._say("Failed", f"Container {self.state.name} ended with exit code {code}: {last}", warning=True)
        self._changed()
        return code

    async def _prepared(self) -> Launch | None:
        pause = _RETRY_FIRST
        while not self._stopping:
            try:
                return await self._prepare(self.declared)
            except NotYetError as error:
                told = (error.reason, error.message)
                if self.state.waiting != told:
                    self.state.waiting = told
                    self._changed()
                    if error.reason != CREATING or pause > 1:
                        self._say("Failed", f"Error: {error.message}", warning=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _RETRY_LONGEST)
        return None

    async def _watch(self, process: Process) -> None:
        """Probe a run until it ends."""
        startup = Probe.of(self.declared.get("startupProbe"))
        if startup is not None and not await first_success(
            self._asker, startup, failed=self._failed("Startup"), patience=startup.period * startup.failures
        ):
            await self._kill(process, "startup")
            return
        self.state.started = True
        self._changed()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ready())
            if liveness := Probe.of(self.declared.get("livenessProbe")):
                group.create_task(self._alive(process, liveness))

    async def _ready(self) -> None:
        probe = Probe.of(self.declared.get("readinessProbe"))
        if probe is not None:
            await first_success(self._asker, probe, failed=self._failed("Readiness"))
        self._set_ready(True)
        if probe is not None:
            await until_failed(self._asker, probe, failed=self._failed("Readiness"), changed=self._set_ready)

    async def _alive(self, process: Process, probe: Probe) -> None:
        await asyncio.sleep(probe.delay)
        await until_failed(self._asker, probe, failed=self._failed("Liveness"))
        await self._kill(process, "liveness")

    async def _kill(self, process: Process, kind: str) -> None:
        self._say("Killing", f"Container {self.state.name} failed {kind} probe, will be restarted")
        await process.stop(self._grace)

    def _set_ready(self, ready: bool) -> None:
        self.state.ready = ready
        self._changed()

    def _failed(self, kind: str) -> Callable[[str], None]:
        def tell(wrong: str) -> None:
            self._say("Unhealthy", f"{kind} probe failed: {wrong}", warning=True)

        return tell

    def allow(self, grace: float) -> None:
        """Say how long it may take to end when a probe ends it."""
        self._grace = grace
