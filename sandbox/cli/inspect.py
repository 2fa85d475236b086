"""The commands that look: status, tools and render."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.cli.hosted import describe, print_hosted
from sandbox.control_plane.lifecycle import Status, list_sandboxes
from sandbox.control_plane.lifecycle import status as read_status
from sandbox.control_plane.part import HOST_PORT
from sandbox.deploy.embedded import EmbeddedEngine
from sandbox.deploy.render import require_folder, write
from sandbox.tools.resolver import resolve, statuses

_PODS = "pods do not run: kwok reports them as running, jobs as complete"
_OTHER_PODS = (
    "pods whose images no program here stands for do not run: kwok reports them as running, jobs as complete",
    "pods that run are processes of this machine: they see its files and its network, and hooks are not called",
    "limits of CPU, memory and disk are not enforced on them",
)
SIMULATED = (
    "network policies are accepted and not enforced",
    "load balancers and ingresses get addresses that lead nowhere",
    "operators are not installed: their custom resources are accepted and nothing acts on them",
    "the AWS API is moto, which keeps its resources in memory until the sandbox stops",
)
"""What every sandbox only pretends, for `sandbox status` to say."""


def simulated(*, host: bool) -> tuple[str, ...]:
    """What a sandbox only pretends, with or without an agent that runs pods."""
    return (*_OTHER_PODS, *SIMULATED) if host else (_PODS, *SIMULATED)


def status(arguments: Namespace, console: Console) -> int:
    """Say what runs; with `--watch`, again every two seconds until interrupted."""
    while True:
        names = [arguments.name] if arguments.name else [each.name for each in list_sandboxes()]
        found = [read_status(name) for name in names]
        if arguments.json:
            print_json({"sandboxes": [_describe(each) for each in found], "simulated": list(_pretended(found))})
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
        "host": describe(status.home, runs=_hosts(status)),
    }


def _hosts(status: Status) -> bool:
    """Whether its agent runs: what one that was killed has said of its pods is not so any more."""
    return bool((status.parts.get(HOST_PORT) or {}).get("running"))


def _pretended(found: list[Status]) -> tuple[str, ...]:
    return simulated(host=any(HOST_PORT in each.parts for each in found))


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
        if _hosts(each):
            print_hosted(each.home, console)
    console.result("Simulated here:")
    for line in _pretended(found):
        console.result(f"    {line}")


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
    folder = Path(arguments.out)
    require_folder(folder)
    with closing(EmbeddedEngine(where)) as engine:
        report = engine.render(console.listen)
    if not report.ok:
        return report.exit_code
    counts = write(report.steps, folder)
    if arguments.json:
        print_json(counts | {"out": arguments.out})
    console.result(
        f"Wrote {counts['kubernetes']} Kubernetes objects, {counts['aws']} AWS resources and "
        f"{counts['unknown']} unknown values to {arguments.out}"
    )
    sys.stdout.flush()
    return 0
