"""Plan, apply and destroy through the embedded engine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.control_plane.endpoints import Endpoints
from sandbox.deploy import emulation
from sandbox.deploy.environment import Environment
from sandbox.engine.events import Event
from sandbox.engine.host import Run, RunReport
from sandbox.engine.session import Mode, RunRequest
from sandbox.project import load_stack

Listen = Callable[[Event], None]


class EmbeddedEngine:
    """Runs one stack's program against one running sandbox, each run in a process of its own."""

    def __init__(
        self, environment: Environment, *, overrides: Mapping[str, Any] | None = None, keep: Sequence[int] = ()
    ) -> None:
        """Read the configuration.

        Args:
            environment: the stack and its sandbox.
            overrides: further configuration for these runs only, by dotted path.
            keep: descriptors that every run inherits, such as the lock.

        Raises:
            ConfigurationError: the stack's file cannot be used.
        """
        self._environment = environment
        self._configuration = load_stack(environment.project, environment.stack)
        self._overrides = dict(overrides or {})
        self._keep = tuple(keep)
        self._ready: Run | None = None

    def warm(self) -> None:
        """Start a process ahead of its run, so that its imports take no time of their own."""
        if self._ready is None:
            self._ready = Run(self._keep)

    def plan(self, endpoints: Endpoints, listen: Listen, *, refresh: bool = False) -> RunReport:
        """Find out what an apply would do; writes nothing."""
        return self._run("plan", endpoints, listen, refresh=refresh)

    def render(self, listen: Listen) -> RunReport:
        """Run the program with no state and no service behind it; the steps carry every input."""
        with tempfile.TemporaryDirectory() as folder:
            return self._run("plan", None, listen, refresh=False, state=Path(folder, "render.db"))

    def apply(self, endpoints: Endpoints, listen: Listen, *, refresh: bool = False) -> RunReport:
        """Make the sandbox as the program declares it."""
        return self._run("apply", endpoints, listen, refresh=refresh)

    def destroy(self, endpoints: Endpoints, listen: Listen) -> RunReport:
        """Delete everything that the stack's state knows."""
        return self._run("destroy", endpoints, listen, refresh=False)

    def _run(
        self, mode: Mode, endpoints: Endpoints | None, listen: Listen, *, refresh: bool, state: Path | None = None
    ) -> RunReport:
        environment = self._environment
        project = environment.project.name
        emulated = emulation.overrides(self._configuration.values, project, endpoints)
        configuration = self._configuration.with_changes(project, emulated | self._overrides)
        request = RunRequest(
            mode=mode,
            root=str(environment.project.root),
            main=environment.project.main,
            project=project,
            stack=environment.stack,
            state_path=str(state or environment.state_path),
            config=configuration.values,
            secret_keys=configuration.secret_keys,
            refresh=refresh,
            offline=endpoints is None,
        )
        run = self._ready or Run(self._keep)
        self._ready = None
        return run.execute(request, endpoints, listen)

    def close(self) -> None:
        """End a process that was started ahead and not needed."""
        if self._ready is not None:
            self._ready.abandon()
            self._ready = None
