"""Runs the program and notes when the ConfigMap was applied, and how many Deployments still waited then."""

from __future__ import annotations

import secrets
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.report import line
from sandbox.control_plane import destroy, ensure_running
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.environment import Environment
from sandbox.engine.events import Event, StepEnded, StepStarted
from sandbox.paths import SandboxPaths
from sandbox.project import load_project

PROGRAM = Path(__file__).parent / "program"
LIMIT = 2.0


@dataclass
class Outcome:
    """What was seen.

    Attributes:
        seconds: from the first Deployment's start to the ConfigMap's end.
        own_seconds: from the ConfigMap's own start to its end.
        waiting: Deployments begun and not ended when the ConfigMap was done.
        ended: Deployments that had ended by then.
    """

    seconds: float = 0.0
    own_seconds: float = 0.0
    waiting: int = 0
    ended: int = 0


def run(where: Environment) -> Outcome:
    """Apply the program to a running sandbox; the run fails in the end, as the Deployments time out."""
    outcome = Outcome()
    started: dict[str, float] = {}
    ended: set[str] = set()

    def listen(event: Event) -> None:
        now = time.perf_counter()
        if isinstance(event, StepStarted):
            started[event.urn] = now
        elif isinstance(event, StepEnded):
            ended.add(event.urn)
            if event.type.endswith(":ConfigMap"):
                deployments = [urn for urn in started if "apps/v1:Deployment" in urn]
                outcome.seconds = now - min((started[urn] for urn in deployments), default=started[event.urn])
                outcome.own_seconds = now - started[event.urn]
                outcome.ended = sum(urn in ended for urn in deployments)
                outcome.waiting = len(deployments) - outcome.ended

    endpoints = where.start(lambda _: None)
    with closing(EmbeddedEngine(where)) as engine:
        engine.apply(endpoints, listen)
    return outcome


def main() -> None:
    """Print the figures beside the limit."""
    name = f"bench-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ensure_running(name, progress=lambda _: None, root=root)
        try:
            outcome = run(Environment(load_project(PROGRAM), "local", SandboxPaths.of(name, root)))
        finally:
            destroy(name, root=root)
    line(
        "ConfigMap after 200 unready Deployments, its own time", outcome.own_seconds, "s", against="limit", limit=LIMIT
    )
    line("the same, from the first Deployment's start", outcome.seconds, "s")
    line("Deployments begun and still waiting at that moment", outcome.waiting, "")
