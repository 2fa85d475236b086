"""Drives one stack on a sandbox of its own, from outside (the command line) or by the engine's own interface."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.control_plane import Endpoints, destroy
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.environment import Environment
from sandbox.deploy.lock import run_lock
from sandbox.engine.events import Event
from sandbox.engine.host import RunReport
from sandbox.inventory import Inventory, inventory
from sandbox.paths import SandboxPaths
from sandbox.project import load_project
from tests.support.projects import ROOT
from tests.support.sandbox import sandbox_name

__all__ = ["ROOT", "StackDriver", "driven", "explain"]


class StackDriver:
    """One stack on one sandbox; the sandbox stays up between runs, so that runs are what is tested.

    Attributes:
        where: the stack and its sandbox.
        endpoints: the running sandbox.
        overrides: configuration for the next runs.

    Args:
        stack: the stack's name.
        overrides: configuration for the runs by the engine's own interface.
        root: the project.
    """

    def __init__(self, stack: str = "local", overrides: Mapping[str, Any] | None = None, *, root: Path = ROOT) -> None:
        self.where = Environment(load_project(root), stack, SandboxPaths.of(sandbox_name(), root))
        self.endpoints = self.where.start(lambda _: None)
        self.overrides: dict[str, Any] = dict(overrides or {})
        self.events: list[Event] = []

    def through(self, *, api_url: str = "", moto_url: str = "") -> Endpoints:
        """Return the endpoints with other addresses, for a proxy in between."""
        changed = replace(self.endpoints, api_url=api_url or self.endpoints.api_url)
        return replace(changed, moto_url=moto_url or self.endpoints.moto_url)

    def run(self, mode: str, *, refresh: bool = False, endpoints: Endpoints | None = None) -> RunReport:
        """Plan, apply or destroy in a child process, under the lock, as the command does."""
        self.events = []
        there = endpoints or self.endpoints
        with (
            run_lock(self.where.lock_path, f"test {mode}") as lock,
            closing(EmbeddedEngine(self.where, overrides=self.overrides, keep=(lock,))) as engine,
        ):
            if mode == "destroy":
                return engine.destroy(there, self.events.append)
            action: Callable[..., RunReport] = getattr(engine, mode)
            return action(there, self.events.append, refresh=refresh)

    def command(self, *arguments: str) -> list[str]:
        """Return the command line for this sandbox; the first argument is the command."""
        name, *rest = arguments
        stack = ["--stack", self.where.stack, "--name", self.where.paths.name]
        return [sys.executable, "-m", "sandbox.cli.main", name, *stack, *rest]

    def cli(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def cli_json(self, *arguments: str) -> Any:
        """Run a command with `--json` and return its document."""
        result = self.cli(*arguments, "--json")
        return json.loads(result.stdout)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=ROOT,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _environment(self) -> dict[str, str]:
        return os.environ | {"SANDBOX_ROOT": str(self.where.paths.root)}

    def inventory(self) -> Inventory:
        """Return what the sandbox holds."""
        return inventory(self.endpoints)

    def close(self) -> None:
        """Remove the sandbox."""
        destroy(self.where.paths.name, root=self.where.paths.root)
        self.where.lock_path.unlink(missing_ok=True)


@contextmanager
def driven(
    stack: str = "local", overrides: Mapping[str, Any] | None = None, *, root: Path = ROOT
) -> Iterator[StackDriver]:
    """Give a driver and remove its sandbox afterwards."""
    driver = StackDriver(stack, overrides, root=root)
    try:
        yield driver
    finally:
        driver.close()


def explain(report: RunReport) -> str:
    """Describe why a run failed, for assertion messages."""
    errors = [f"{item.urn}: {item.message}" for item in report.diagnostics if item.severity == "error"]
    errors += [f"{item.urn}: {item.error}" for item in report.failures]
    errors += [f"{item.rule} {item.urn}: {item.message}" for item in report.findings if item.mandatory]
    return "\n".join(errors) or "no error was told"
