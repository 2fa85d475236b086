"""The commands that look: status, logs, tools and render."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.control_plane.lifecycle import Status, list_sandboxes
from sandbox.control_plane.lifecycle import status as read_status
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.render import write
from sandbox.errors import ConfigurationError
from sandbox.tools.resolver import resolve, statuses

SIMULATED = (
    "pods do not run: kwok reports them as running, jobs as complete",
    "network policies are accepted and not enforced",
    "load balancers and ingresses get addresses that lead nowhere",
    "operators are not installed: their custom resources are accepted and nothing acts on them",
    "the AWS API is moto, which keeps its resources in memory until the sandbox stops",
)
"""What a sandbox only pretends, for `sandbox status` to say."""


def status(arguments: Namespace, console: Console) -> int:
    """Say what runs; with `--watch`, again every two seconds until interrupted."""
    while True:
        names = [arguments.name] if arguments.name else [each.name for each in list_sandboxes()]
        found = [read_status(name) for name in names]
        if arguments.json:
            print_json({"sandboxes": [_describe(each) for each in found], "simulated": list(SIMULATED)})
        else:
            _print_status(found, console)
        if not arguments.watch:
            return 0
        try:
            time.sleep(2)
        except KeyboardInterrupt:
            return 0


def _describe(status: Status) -> dict[str, object]:
    endpoints = status.endpoints
    return {
        "name": status.name,
        "state": status.state,
        "pid": status.pid,
        "parts": status.parts,
        "kubernetes": endpoints.api_url if endpoints else None,
        "kubeconfig": str(endpoints.kubeconfig_path) if endpoints else None,
        "aws": endpoints.moto_url if endpoints else None,
        "versions": endpoints.versions if endpoints else {},
    }


def _print_status(found: list[Status], console: Console) -> None:
    if not found:
        console.result("No sandbox is here. `make up` makes one.")
        return
    for each in found:
        console.result(f"sandbox {each.name}: {each.state}")
        if each.endpoints is not None:
            console.result(f"    Kubernetes API  {each.endpoints.api_url}")
            console.result(f"    kubeconfig      {each.endpoints.kubeconfig_path}")
            console.result(f"    AWS API         {each.endpoints.moto_url}")
        for part, facts in each.parts.items():
            state = "running" if facts.get("running") else f"down (exit {facts.get('last_exit')})"
            restarts = f", restarted {facts['restarts']} times" if facts.get("restarts") else ""
            console.result(f"    {part:<26} {state}{restarts}")
    console.result("Simulated here:")
    for line in SIMULATED:
        console.result(f"    {line}")


def logs(arguments: Namespace, console: Console) -> int:
    """Print the log of a part of the sandbox, or of all."""
    where = environment(arguments)
    folder = where.paths.logs
    parts = sorted(path.stem for path in folder.glob("*.log")) if folder.exists() else []
    if not parts:
        raise ConfigurationError(
            f"the sandbox {where.paths.name!r} has no logs", where="--name", fix="start it first: sandbox up"
        )
    if arguments.part and arguments.part not in parts:
        raise ConfigurationError(
            f"there is no log of {arguments.part!r}", where="PART", fix=f"one of: {', '.join(parts)}"
        )
    for part in [arguments.part] if arguments.part else parts:
        lines = (folder / f"{part}.log").read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines[-arguments.lines :]:
            console.result(line if arguments.part else f"{part}: {line}")
    return 0


def tools(arguments: Namespace, console: Console) -> int:
    """Say which tools are here, and get the missing ones when asked."""
    if arguments.install:
        missing = [each.name for each in statuses() if not each.path and not each.optional]
        resolve(missing, console.progress)
    found = statuses()
    if arguments.json:
        print_json(
            [
                {key: str(value) if isinstance(value, Path) else value for key, value in asdict(each).items()}
                for each in found
            ]
        )
        return 0
    for each in found:
        console.result(f"{each.name:<26} {each.version:<10} {each.path or 'missing: ' + each.how}")
    return 0


def render(arguments: Namespace, console: Console) -> int:
    """Write what a stack declares as files; needs nothing that runs."""
    where = environment(arguments)
    with closing(EmbeddedEngine(where)) as engine:
        report = engine.render(console.listen)
    if not report.ok:
        return report.exit_code
    counts = write(report.steps, Path(arguments.out))
    if arguments.json:
        print_json(counts | {"out": arguments.out})
    console.result(
        f"Wrote {counts['kubernetes']} Kubernetes objects, {counts['aws']} AWS resources and "
        f"{counts['unknown']} unknown values to {arguments.out}"
    )
    sys.stdout.flush()
    return 0
