"""The process in which one run happens: it reads a request, runs the program as Pulumi's language host does, and tells.

Started as `python -m sandbox.engine.run <events fd>` with the request as JSON on standard input. Each event is one
line of JSON on the given descriptor. A fresh process for each run keeps one program's global state out of the next.
"""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import pulumi
from pulumi.runtime import set_all_config, settings
from pulumi.runtime.stack import run_in_stack

from policies.runtime import Packs, load_packs
from sandbox.control_plane.endpoints import Endpoints
from sandbox.engine import quiescence
from sandbox.engine.deployment import ENGINE_ERRORS
from sandbox.engine.events import Diagnostic, Event, RunEnded, Severity
from sandbox.engine.gate import PolicyGate
from sandbox.engine.goal import UnsupportedError
from sandbox.engine.monitor import Monitor
from sandbox.engine.provider import ProviderError
from sandbox.engine.providers.factory import provider_factory
from sandbox.engine.providers.offline import offline_factory
from sandbox.engine.providers.registry import ProviderRegistry
from sandbox.engine.refusals import refused_option
from sandbox.engine.secrecy import Redactor
from sandbox.engine.session import ProgramFailedError, RunRequest, Session
from sandbox.engine.values import Secret
from sandbox.errors import SandboxError

_THREADS = 100_000
"""An upper bound on registrations that wait at once: each waits in a thread of its own, made when it is needed."""


_PREFIXES: dict[str, Severity] = {"info: ": "info", "warning: ": "warning", "error: ": "error"}
"""How the SDK's log marks its lines when no engine is attached."""


class EventPipe:
    """Writes events as lines of JSON, each whole, from any thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write one event."""
        line = json.dumps({"event": type(event).__name__, **asdict(event)}, default=str)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


class _Lines(io.TextIOBase):
    """Stands in for standard output and error: what the program prints becomes diagnostics, without secrets."""

    def __init__(self, emit: Callable[[Event], None], redactor: Redactor) -> None:
        self._emit = emit
        self._redactor = redactor
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._tell(line)
        return len(text)

    def finish(self) -> None:
        if self._rest:
            self._tell(self._rest)
            self._rest = ""

    def _tell(self, line: str) -> None:
        severity: Severity = "info"
        for prefix, meaning in _PREFIXES.items():
            if line.startswith(prefix):
                severity, line = meaning, line[len(prefix) :]
        self._emit(Diagnostic(severity, self._redactor.redact(line)))


class ProgramRunner:
    """Runs the program's `__main__` against a monitor, as Pulumi's Python language host does."""

    def __init__(self, request: RunRequest, emit: Callable[[Event], None], redactor: Redactor) -> None:
        self.exit_code = 1
        self._request = request
        self._emit = emit
        self._redactor = redactor

    def run(self, monitor: Monitor, cancelled: threading.Event) -> None:
        """Run the program to its end.

        Raises:
            ProgramFailedError: it failed; the reasons were emitted, and every operation under way has ended.
        """
        request = self._request
        set_all_config(request.config, request.secret_keys)
        settings.reset_options(
            project=request.project,
            stack=request.stack,
            root_directory=request.root,
            organization="organization",
            monitor_address=monitor,  # type: ignore[arg-type]  # the SDK takes the object in place of an address
            preview=request.mode == "plan",
        )
        quiescence.install()
        folder = str(Path(request.root, request.main))
        os.chdir(folder)
        sys.argv = ["."]
        asyncio.run(self._main(folder, cancelled))

    async def _main(self, folder: str, cancelled: threading.Event) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=_THREADS))
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        try:
            await run_in_stack(lambda: self._load(folder))
        except ENGINE_ERRORS as error:
            cancelled.set()
            raise ProgramFailedError from error
        except pulumi.RunError as error:
            cancelled.set()
            self.exit_code = getattr(error, "exit_code", 1)
            self._tell(str(error))
            raise ProgramFailedError from error
        except SystemExit as error:
            cancelled.set()
            self._tell(self._ended_itself(error))
            raise ProgramFailedError from error
        except Exception as error:
            cancelled.set()
            refused = refused_option(error, self._request.project, self._request.stack)
            self._tell(refused or "the program failed:\n" + "".join(traceback.format_exception(error)))
            raise ProgramFailedError from error

    def _ended_itself(self, error: SystemExit) -> str:
        if isinstance(error.code, int) and error.code:
            self.exit_code = error.code
        return f"the program called sys.exit({error.code!r}) before everything was declared; nothing is deleted"

    def _load(self, folder: str) -> None:
        runpy.run_path(folder, run_name="__main__")

    def _tell(self, text: str) -> None:
        self._emit(Diagnostic("error", self._redactor.redact(text)))


def execute(request: RunRequest, endpoints: Endpoints | None, emit: Callable[[Event], None]) -> RunEnded:
    """Do one run in this process and return how it ended; every problem is emitted, none is raised."""
    redactor = Redactor()
    redactor.learn([Secret(request.config[key]) for key in request.secret_keys])
    lines = _Lines(emit, redactor)
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = lines
    runner = ProgramRunner(request, emit, redactor)
    try:
        gate = PolicyGate(_packs_of(request.root), request.stack, emit)
        factory = provider_factory(endpoints) if endpoints else offline_factory
        registry = ProviderRegistry(factory)
        session = Session(request, endpoints, gate, redactor, emit, registry)
        _stop_on_request(session.cancelled)
        ended = session.run(lambda monitor: runner.run(monitor, session.cancelled))
    except (SandboxError, ProviderError, UnsupportedError) as error:
        emit(Diagnostic("error", redactor.redact(str(error))))
        ended = RunEnded(
            ok=False, summary={}, outputs={}, state_changed=False, exit_code=getattr(error, "exit_code", 1)
        )
    except Exception:  # noqa: BLE001 the last line of defence: a fault of the engine itself is told, not lost
        fault = "a fault in the engine itself; run the same command again, and report it if it stays:\n"
        emit(Diagnostic("error", redactor.redact(fault + traceback.format_exc())))
        ended = RunEnded(ok=False, summary={}, outputs={}, state_changed=False, exit_code=1)
    finally:
        lines.finish()
        sys.stdout, sys.stderr = streams
    if not ended.ok and ended.exit_code == 1 and runner.exit_code != 1:
        ended = RunEnded(ok=False, summary=ended.summary, outputs={}, state_changed=False, exit_code=runner.exit_code)
    emit(ended)
    return ended


def _packs_of(root: str) -> Packs:
    """Load the packs if the project has them, as the Pulumi CLI is given those of the project; else none."""
    return load_packs(None if Path(root, "policies", "packs").is_dir() else ())


def _stop_on_request(cancelled: threading.Event) -> None:
    """Let SIGTERM end the run in good order: nothing new is begun, what is under way is finished and remembered."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: cancelled.set())


def main(descriptor: int) -> int:
    """Read a request from standard input, run it, and tell events on a descriptor; returns the exit code."""
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        data = json.load(sys.stdin)
        emit = EventPipe(stream)
        endpoints = Endpoints.from_json(data["endpoints"]) if data["endpoints"] else None
        ended = execute(RunRequest(**data["request"]), endpoints, emit)
    return ended.exit_code


def _collect_seldom() -> None:
    """Let the garbage collector leave alone what lives as long as the run.

    A run is short, and nearly all that it makes lives to its end. With the default thresholds a third of an apply of
    1,000 objects was spent in looking for garbage among them (`python -m bench objects` measures it); memory is the
    same.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


if __name__ == "__main__":
    _collect_seldom()
    os._exit(main(int(sys.argv[1])))
