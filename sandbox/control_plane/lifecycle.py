import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.aws.moto import moto_answers
from sandbox.control_plane.api_client import ApiClient, ApiError
from sandbox.control_plane.bootstrap import bootstrap, wait_until_ready
from sandbox.control_plane.endpoints import Endpoints, read_endpoints
from sandbox.control_plane.locks import holder, waiting_lock
from sandbox.control_plane.nodes import DEFAULT_NODES, NodeSize, node_manifests
from sandbox.control_plane.spec import START_SECONDS, Spec
from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths, project_root
from sandbox.tools.registry import CONTROL_PLANE_TOOLS
from sandbox.tools.resolver import resolve

Progress = Callable[[str], None]

STOP_SECONDS = 30.0  # etcd may take ten of them, after the agent of host processes took fifteen
MINIMUM_FREE_BYTES = 300 * 10**6  # etcd sets 128 MB aside for its log when it starts
_BUILD_SECONDS = 1800.0  # another run that starts the same sandbox may be building its tools


@dataclass(frozen=True)
class Status:
    """What is known of a sandbox.

    Attributes:
        name: Its name.
        state: ``absent``, ``stopped``, ``starting``, ``ready``, ``degraded`` (a part is down) or ``stopping``.
        pid: The supervisor's process id; None when it does not run.
        parts: Each part with ``running``, ``pid``, ``restarts``, ``last_exit`` and ``log``.
        endpoints: Where it can be reached; None unless it is ready or degraded.
        home: Its directory.
    """

    name: str
    state: str
    pid: int | None
    home: Path
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoints: Endpoints | None = None


def ensure_running(
    name: str,
    *,
    nodes: Sequence[NodeSize] = DEFAULT_NODES,
    progress: Progress,
    root: Path | None = None,
    programs: str | None = None,
) -> Endpoints:
    """Start a sandbox unless it runs, and wait until it is ready.

    Args:
        name: The sandbox's name: a DNS label of at most 40 characters.
        nodes: The simulated nodes to have; a running sandbox is changed to have them.
        progress: Told, line by line, of what takes long.
        root: The project directory; by default that of ``sandbox.paths.project_root``.
        programs: The module that knows which images run as processes of this machine; empty to simulate all pods, None
            to do what was done last. A sandbox that runs is not changed in this.

    Returns:
        Where it can be reached.

    Raises:
        ConfigurationError: The name or the nodes are not valid.
        SandboxError: It cannot be started; the message says why and what to do.
    """
    paths = SandboxPaths.of(name, root)
    wanted = tuple(nodes)
    node_manifests(wanted)
    endpoints = _running(paths, wanted)
    if endpoints is not None:
        if programs and not Spec.read(paths.spec_file).programs:
            progress(f"sandbox {name} was started with all pods simulated; they run after `sandbox down` and `up`")
        return endpoints
    with waiting_lock(paths.start_lock, progress=progress, what=f"sandbox {name}", seconds=_BUILD_SECONDS):
        endpoints = _running(paths, wanted)
        if endpoints is not None:
            return endpoints
        endpoints = _start(paths, wanted, programs, progress)
        _settle_nodes(paths, endpoints, wanted, progress)
    return endpoints


def status(name: str, *, root: Path | None = None) -> Status:
    """What is known of a sandbox, from its lock and its status file; nothing is started or changed.

    Raises:
        ConfigurationError: The name is not valid.
    """
    paths = SandboxPaths.of(name, root)
    pid = holder(paths.supervisor_lock)
    if pid is None:
        state = "stopped" if paths.home.is_dir() else "absent"
        return Status(name=name, state=state, pid=None, home=paths.home)
    said = _read_status(paths)
    state = str(said.get("phase", "starting"))
    parts = said.get("parts") or {}
    if state == "ready" and not all(part["running"] for part in parts.values()):
        state = "degraded"
    endpoints = read_endpoints(paths.endpoints_file) if state in ("ready", "degraded") else None
    return Status(name=name, state=state, pid=pid or None, home=paths.home, parts=parts, endpoints=endpoints)


def stop(name: str, *, root: Path | None = None, progress: Progress = lambda _: None) -> bool:
    """Stop a sandbox. What the API server holds is kept; what the AWS API holds is in memory and ends with it.

    Returns:
        Whether it was running.

    Raises:
        ConfigurationError: The name is not valid.
        SandboxError: It cannot be stopped.
    """
    paths = SandboxPaths.of(name, root)
    if not paths.home.is_dir():
        return False
    with waiting_lock(paths.start_lock, progress=progress, what=f"sandbox {name}", seconds=_BUILD_SECONDS):
        return _stop(paths)


def destroy(name: str, *, root: Path | None = None, progress: Progress = lambda _: None) -> bool:
    """Stop a sandbox and remove its directory with all that it holds.

    Returns:
        Whether there was anything to remove.

    Raises:
        ConfigurationError: The name is not valid.
        SandboxError: It cannot be stopped, or its directory cannot be removed.
    """
    paths = SandboxPaths.of(name, root)
    if not paths.home.is_dir():
        return False
    with waiting_lock(paths.start_lock, progress=progress, what=f"sandbox {name}", seconds=_BUILD_SECONDS):
        _stop(paths)
        try:
            shutil.rmtree(paths.home)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise SandboxError(
                f"Cannot remove the sandbox {name}: {error.strerror or error}",
                where=str(error.filename or paths.home),
                fix="remove the directory by hand",
            ) from error
        paths.start_lock.unlink(missing_ok=True)
    return True


def list_sandboxes(*, root: Path | None = None) -> list[Status]:
    """The state of every sandbox of a project, by name."""
    base = (root or project_root()).resolve() / ".sandbox"
    if not base.is_dir():
        return []
    names = sorted(entry.name for entry in base.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    return [status(name, root=base.parent) for name in names]


def admin_client(endpoints: Endpoints, *, timeout: float = 10.0) -> ApiClient:
    """A client of the sandbox's API server with the administrator's certificate.

    Raises:
        ApiError: The certificates cannot be read.
    """
    return ApiClient(
        endpoints.api_url,
        ca=endpoints.ca_path,
        cert=endpoints.client_cert_path,
        key=endpoints.client_key_path,
        timeout=timeout,
    )


def _running(paths: SandboxPaths, nodes: tuple[NodeSize, ...]) -> Endpoints | None:
    """The endpoints when everything answers and the nodes are the wanted ones."""
    pid = holder(paths.supervisor_lock)
    endpoints = read_endpoints(paths.endpoints_file)
    if not pid or endpoints is None or endpoints.pids.get("supervisor") != pid:
        return None
    try:
        if Spec.read(paths.spec_file).nodes != nodes:
            return None
    except SandboxError:
        return None
    return endpoints if _answers(endpoints) else None


def _answers(endpoints: Endpoints) -> bool:
    try:
        admin_client(endpoints, timeout=2.0).text("/readyz")
    except ApiError:
        return False
    return moto_answers(_port(endpoints.moto_url))


def _await_end_of_stop(paths: SandboxPaths) -> None:
    """A supervisor that was told to stop, by a signal say, is waited for; it will not be ready any more."""
    end = time.monotonic() + STOP_SECONDS
    while holder(paths.supervisor_lock) is not None and _read_status(paths).get("phase") in ("stopping", "failed"):
        if time.monotonic() > end:
            return
        time.sleep(0.02)


def _start(paths: SandboxPaths, nodes: tuple[NodeSize, ...], programs: str | None, progress: Progress) -> Endpoints:
    """Launch a supervisor unless one lives, and wait; one that was just ending is followed by a new one."""
    launched = False
    while True:
        _await_end_of_stop(paths)
        if holder(paths.supervisor_lock) is None:
            if launched:
                raise _silent_end(paths)
            _launch(paths, nodes, programs, progress)
            launched = True
        endpoints = _wait(paths, progress)
        if endpoints is not None:
            return endpoints


def _launch(paths: SandboxPaths, nodes: tuple[NodeSize, ...], programs: str | None, progress: Progress) -> None:
    _make_directories(paths)
    tools = resolve(CONTROL_PLANE_TOOLS, progress)
    former = Spec(nodes=nodes, tools=tools)
    with contextlib.suppress(SandboxError):  # a first start, or a file of an older version: any ports will do
        former = Spec.read(paths.spec_file)
    programs = former.programs if programs is None else programs
    Spec(nodes=nodes, tools=tools, ports=former.ports, programs=programs).write(paths.spec_file)
    for stale in (paths.status_file, paths.endpoints_file, paths.host / "pods.json"):
        stale.unlink(missing_ok=True)
    progress(f"starting sandbox {paths.name}")
    command = [sys.executable, "-m", "sandbox.control_plane.supervisor"]
    command += ["--root", str(paths.root), "--name", paths.name]
    try:
        with (paths.logs / "supervisor.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        raise _unwritable(error, paths) from error
    _launched[str(paths.home)] = process


# Supervisors that this process started: one that ends at once is our own child, and must be looked at to be seen dead.
_launched: dict[str, "subprocess.Popen[bytes]"] = {}


def _make_directories(paths: SandboxPaths) -> None:
    try:
        for directory in (paths.home, paths.logs, paths.config, paths.volumes):
            directory.mkdir(parents=True, exist_ok=True)
        paths.home.chmod(0o700)
        free = shutil.disk_usage(paths.home).free
    except OSError as error:
        raise _unwritable(error, paths) from error
    if free < MINIMUM_FREE_BYTES:
        raise SandboxError(
            f"A sandbox needs {MINIMUM_FREE_BYTES / 1e6:.0f} MB of free disk; there are {free / 1e6:.0f} MB",
            where=str(paths.home),
            fix="free some space",
        )


def _unwritable(error: OSError, paths: SandboxPaths) -> SandboxError:
    return SandboxError(
        f"Cannot write the sandbox's directory: {error.strerror or error}",
        where=str(error.filename or paths.home),
        fix="make it writable, or free some disk space",
    )


def _wait(paths: SandboxPaths, progress: Progress) -> Endpoints | None:
    """The endpoints as soon as the sandbox is ready; None when its supervisor has ended."""
    begin = told = time.monotonic()
    while True:
        said = _read_status(paths)
        if said.get("phase") == "failed":
            _await_end_of_stop(paths)
            raise SandboxError(**said["error"])
        endpoints = read_endpoints(paths.endpoints_file) if said.get("phase") == "ready" else None
        if endpoints is not None and holder(paths.supervisor_lock) and _answers(endpoints):
            progress(f"sandbox {paths.name} is ready ({time.monotonic() - begin:.1f} s)")
            return endpoints
        now = time.monotonic()
        if _has_ended(paths):
            return None
        if now - begin > START_SECONDS + 10:
            raise _too_slow(paths, str(said.get("lacking", "")))
        if now - told > 5:
            progress(f"waiting for sandbox {paths.name}: {said.get('lacking', 'starting')} ({now - begin:.0f} s)")
            told = now
        time.sleep(0.03)


def _has_ended(paths: SandboxPaths) -> bool:
    process = _launched.get(str(paths.home))
    if process is not None and process.poll() is None:
        return False
    return holder(paths.supervisor_lock) is None


def _too_slow(paths: SandboxPaths, lacking: str) -> SandboxError:
    return SandboxError(
        f"The sandbox {paths.name} runs, but does not answer: {lacking or 'a part is down'}",
        where=str(paths.logs),
        fix="read the logs there; `sandbox stop` and a new start help when a part hangs",
    )


def _silent_end(paths: SandboxPaths) -> SandboxError:
    log = paths.logs / "supervisor.log"
    try:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    except OSError:
        last = []
    return SandboxError(
        f"The sandbox ended before it was ready: {last[0] if last else 'it left no message'}",
        where=str(log),
        fix="read the logs there; see that the disk is not full",
    )


def _settle_nodes(paths: SandboxPaths, endpoints: Endpoints, nodes: tuple[NodeSize, ...], progress: Progress) -> None:
    """Change the nodes of a sandbox that already ran with others."""
    spec = Spec.read(paths.spec_file)
    ports = {"api": _port(endpoints.api_url), "moto": _port(endpoints.moto_url)}
    if spec.nodes != nodes:
        progress(f"changing the nodes of sandbox {paths.name}")
        client = admin_client(endpoints)
        bootstrap(client, nodes, host=bool(spec.programs))
        wait_until_ready(client, nodes, seconds=30.0)
    if spec.nodes != nodes or spec.ports != ports:
        replace(spec, nodes=nodes, ports=ports).write(paths.spec_file)


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def _stop(paths: SandboxPaths) -> bool:
    pid = holder(paths.supervisor_lock)
    if pid is None:
        return False
    end = time.monotonic() + STOP_SECONDS
    _signal(pid, signal.SIGTERM)
    while holder(paths.supervisor_lock) is not None:
        if time.monotonic() > end:
            _signal(holder(paths.supervisor_lock), signal.SIGKILL)
            end = time.monotonic() + 5
        time.sleep(0.02)
    process = _launched.pop(str(paths.home), None)
    if process is not None:
        process.wait()
    return True


def _signal(pid: int | None, number: signal.Signals) -> None:
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _read_status(paths: SandboxPaths) -> dict[str, Any]:
    try:
        data = json.loads(paths.status_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
