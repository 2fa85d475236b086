"""Deploys a stack to a sandbox of its own and writes how long each phase took, as JSON on one line.

Started in a process of its own with a copy of the project first on its import path: ``phases.py <project> <name>``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sandbox.control_plane import destroy
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.environment import Environment
from sandbox.engine.host import RunReport
from sandbox.paths import SandboxPaths
from sandbox.project import load_project

_KIB = 1024


def main(root: str, stack: str, name: str) -> None:
    """Plan, apply and plan again; the sandbox is gone afterwards."""
    folder = Path(root)
    where = Environment(load_project(folder), stack, SandboxPaths.of(name, folder))
    figures: dict[str, float] = {}

    def measured(phase: str, run: Callable[..., RunReport]) -> RunReport:
        begin, spent = time.perf_counter(), _cpu()
        report = run(endpoints, lambda _: None)
        figures[f"{phase}: seconds"] = time.perf_counter() - begin
        figures[f"{phase}: CPU"] = _cpu() - spent
        if not report.ok:
            reasons = [item.message for item in report.diagnostics if item.severity == "error"]
            findings = [finding.message for finding in report.findings if finding.mandatory]
            raise SystemExit("\n".join([f"{phase} failed:", *reasons, *findings]))
        return report

    try:
        endpoints = where.start(lambda _: None)
        with closing(EmbeddedEngine(where)) as engine:
            figures["resources"] = len(measured("preview against the sandbox", engine.plan).steps)
            measured("up", engine.apply)
            again = measured("preview of no change", engine.plan)
        # Only runs have ended by now: the sandbox's own processes, which are larger, still run.
        figures["engine: memory"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _KIB
    finally:
        destroy(name, root=folder)
    if again.changes:
        raise SystemExit(f"{again.changes} changes straight after the deployment, and none were expected")
    print(json.dumps(figures))


def _cpu() -> float:
    """Seconds that runs took of the processor so far; those of the sandbox's own processes are not among them."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:4])
