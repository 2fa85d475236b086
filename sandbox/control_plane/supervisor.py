import argparse
import contextlib
import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from sandbox.aws.moto import moto_answers
from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.control_plane.authority import ensure_pki
from sandbox.control_plane.bootstrap import bootstrap, missing
from sandbox.control_plane.child import Child
from sandbox.control_plane.endpoints import Endpoints, write_json
from sandbox.control_plane.host import HostPlan
from sandbox.control_plane.layout import Layout
from sandbox.control_plane.locks import sign, try_lock
from sandbox.control_plane.part import HOST_PORT, PORTS
from sandbox.control_plane.pki import ADMIN, SUPERVISOR
from sandbox.control_plane.ports import free_port
from sandbox.control_plane.spec import START_SECONDS, Spec
from sandbox.control_plane.volumes import VolumeProvisioner
from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths
from sandbox.tools.registry import tool

CRASHES = 4  # of one part before the sandbox has ever been ready: it will not come up
_STARTING_TICK = 0.03
_STEADY_TICK = 1.0


class Supervisor:
    """Runs the parts of one sandbox until it is told to stop, and starts those again that crash.

    It is the parent of all of them; they die with it, however it ends.

    Args:
        paths: The sandbox's files.
        spec: What to run.
    """

    def __init__(self, paths: SandboxPaths, spec: Spec) -> None:
        self.paths = paths
        self.spec = spec
        self.pki = ensure_pki(paths.pki)
        self.ports = {name: free_port(spec.ports.get(name)) for name in self._port_names()}
        self.layout = self._lay_out()
        self.children = {part.name: Child(part, paths.logs / f"{part.name}.log") for part in self.layout.parts()}
        self.boot_ids: dict[str, str] = {}
        self.phase = "starting"
        self.lacking = "the API server is not ready yet"
        self._bootstrapped = False
        self._client: ApiClient | None = None
        self._volumes: VolumeProvisioner | None = None
        self._wake = threading.Event()
        self._stopping = False

    def run(self, lock: Path) -> None:
        """Run until SIGTERM, SIGINT, or until the lock file is removed.

        Raises:
            SandboxError: The sandbox does not become ready.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: self._wake.set())
        deadline = time.monotonic() + START_SECONDS
        try:
            for child in self.children.values():
                self._start(child)
            self._say()
            while not self._stopping and lock.exists():
                self._tend()
                if self.phase == "starting" or not self._bootstrapped:
                    self._advance(deadline)
                self._wake.wait(_STARTING_TICK if self.phase == "starting" else _STEADY_TICK)
                self._wake.clear()
        finally:
            self._stop()

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._wake.set()

    def _port_names(self) -> tuple[str, ...]:
        return (*PORTS, HOST_PORT) if self.spec.programs else PORTS

    def _lay_out(self) -> Layout:
        host = HostPlan(self.spec.nodes, self.spec.programs) if self.spec.programs else None
        layout = Layout(self.paths, self.pki, self.spec.tools, self.ports, host)
        layout.write_configuration()
        return layout

    def _start(self, child: Child) -> None:
        child.start()
        if child.part.forgets:
            self.boot_ids[child.part.name] = secrets.token_hex(8)

    def _tend(self) -> None:
        changed = False
        for child in self.children.values():
            if child.look():
                changed = True
                if child.part.name == HOST_PORT:  # its pods have ended with it, and it could not say so
                    (self.paths.host / "pods.json").unlink(missing_ok=True)
                if child.port_was_taken():
                    self._move(child)
                elif self._is_hopeless(child):
                    raise SandboxError(
                        f"{child.part.name} does not start: it ended {child.restarts} times, "
                        f"last with status {child.last_exit}: {child.tail()}",
                        where=str(child.log),
                        fix="read its log; `sandbox destroy` and a new start help when its data is damaged",
                    )
            if child.is_due:
                self._start_again(child)
                changed = True
            child.trim_log()
        if changed:
            self._say()

    def _is_hopeless(self, child: Child) -> bool:
        # clients of the API server give up when it takes long to start, which says nothing about them
        counts = bool(child.part.port) or self._bootstrapped
        return self.phase == "starting" and counts and child.restarts >= CRASHES

    def _start_again(self, child: Child) -> None:
        try:
            self._start(child)
        except SandboxError as error:
            if self.phase == "starting":
                raise
            _complain(error)  # a full disk, say: a sandbox in use is kept, and tries again
            child.defer()

    def _move(self, child: Child) -> None:
        """Give a part another port, and restart whoever has the old one on its command line."""
        self.ports[child.part.port] = free_port()
        self.layout = self._lay_out()
        self._close_client()
        for part in self.layout.parts():
            other = self.children[part.name]
            if part != other.part:
                other.terminate()
                other.finish()
                other.part = part

    def _advance(self, deadline: float) -> None:
        """Do the next step of a start, and say what is lacking."""
        try:
            self.lacking = self._next_step()
        except ApiError as error:
            self.lacking = error.what
        if not self.lacking:
            self.phase = "ready"
            self._say()
        elif self.phase == "starting" and time.monotonic() > deadline:
            raise SandboxError(
                f"The sandbox was not ready after {START_SECONDS:.0f} s: {self.lacking}",
                where=str(self.paths.logs),
                fix="read the logs there; a machine that is out of memory or disk shows it in them",
            )

    def _next_step(self) -> str:
        client = self._client or self._connect()
        if not self._bootstrapped:
            client.text("/readyz")
            bootstrap(client, self.spec.nodes, host=bool(self.spec.programs))
            self._bootstrapped = True
            self._volumes = VolumeProvisioner(client.copy(), self.paths.volumes)
            self._volumes.start()
        lacking = missing(client, self.spec.nodes, host=bool(self.spec.programs))
        if not lacking and not moto_answers(self.ports["moto"]):
            return "the AWS API does not answer yet"
        return lacking

    def _connect(self) -> ApiClient:
        pki = self.pki
        self._client = ApiClient(
            self.layout.api_url, ca=pki.ca, cert=pki.client(SUPERVISOR), key=pki.client_key(SUPERVISOR), timeout=2.0
        )
        return self._client

    def _close_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
        self._bootstrapped = False
        if self._volumes is not None:
            self._volumes.end()

    def _say(self) -> None:
        """Write down what runs and where it can be reached."""
        try:
            write_json(self.paths.status_file, self.status())
            if self.phase == "ready":
                write_json(self.paths.endpoints_file, self.endpoints().to_json())
        except SandboxError as error:
            if self.phase == "starting":
                raise
            _complain(error)  # a full disk may not end a sandbox in use, nor keep one from ending

    def status(self) -> dict[str, object]:
        """What runs, as it is written to the status file."""
        parts = {
            name: {
                "running": child.is_running,
                "pid": child.pid,
                "restarts": child.restarts,
                "last_exit": child.last_exit,
                "log": str(child.log),
            }
            for name, child in self.children.items()
        }
        return {"phase": self.phase, "pid": os.getpid(), "lacking": self.lacking, "parts": parts}

    def endpoints(self) -> Endpoints:
        """Where the sandbox can be reached."""
        pids = {name: child.pid for name, child in self.children.items() if child.pid is not None}
        return Endpoints(
            name=self.paths.name,
            root=self.paths.root,
            api_url=self.layout.api_url,
            ca_path=self.pki.ca,
            client_cert_path=self.pki.client(ADMIN),
            client_key_path=self.pki.client_key(ADMIN),
            kubeconfig_path=self.paths.kubeconfig,
            moto_url=self.layout.moto_url,
            boot_ids=dict(self.boot_ids),
            pids={"supervisor": os.getpid(), **pids},
            versions={name: tool(name).version for name in self.spec.tools},
        )

    def _stop(self) -> None:
        self.phase = "stopping"
        self._say()
        *stateless, store = reversed(list(self.children.values()))
        for child in stateless:
            child.terminate()
        for child in stateless:
            child.finish()
        store.terminate()
        store.finish()


def _complain(error: SandboxError) -> None:
    with contextlib.suppress(OSError):  # the log is on the same disk
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run the supervisor of one sandbox; the result is an exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.control_plane.supervisor")
    parser.add_argument("--root", type=Path, required=True, help="the project directory")
    parser.add_argument("--name", required=True, help="the sandbox's name")
    options = parser.parse_args(arguments)
    paths = SandboxPaths.of(options.name, options.root)
    try:
        lock = try_lock(paths.supervisor_lock)
        if lock is None:
            return 0  # another supervisor of this sandbox was faster
        sign(lock)
        Supervisor(paths, Spec.read(paths.spec_file)).run(paths.supervisor_lock)
    except SandboxError as error:
        _complain(error)
        failure = {"what": error.what, "where": error.where, "fix": error.fix}
        with contextlib.suppress(SandboxError):  # the log, or the reader's own look at the disk, has to tell it then
            write_json(paths.status_file, {"phase": "failed", "pid": os.getpid(), "error": failure})
        return error.exit_code
    finally:
        with contextlib.suppress(OSError):
            paths.endpoints_file.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
