"""Says what this machine has, what is missing and how to get it."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from sandbox.cli.console import Console
from sandbox.cli.context import environment, print_json
from sandbox.cli.openmp import openmp
from sandbox.deploy.check import Check
from sandbox.deploy.cloud.calls import LiveAws
from sandbox.deploy.cloud.place import CloudPlace, cloud_place
from sandbox.deploy.cloud.preflight import cloud_checks, declared
from sandbox.errors import SandboxError
from sandbox.paths import project_root
from sandbox.project import load_project, load_stack
from sandbox.tools.golang import go_version
from sandbox.tools.platforms import current_platform
from sandbox.tools.resolver import statuses

_FREE_GB = 4
"""Free disk for the tools' build caches and one sandbox: measured 2.6 GB after a build with empty caches."""

_FREE_MEMORY_GB = 2
"""Memory for one sandbox and two engine processes; building the tools from source takes more."""


def doctor(arguments: Namespace, console: Console) -> int:
    """Look at everything; the exit code is 1 when something that `up` needs is missing.

    For a stack of the cloud these are what its deployment needs, asked of its account with the user's credentials.
    """
    place = _place(arguments.stack)
    checks = list(_checks(arguments.stack) if place is None else _cloud(arguments, place, console))
    if arguments.json:
        print_json([asdict(check) for check in checks])
    for check in checks:
        mark = "ok  " if check.ok else ("MISS" if check.needed else "note")
        console.result(f"{mark}  {check.name:<26} {check.found}")
        if check.fix and not check.ok:
            console.result(f"      {'':<26} {check.fix}")
    failed = [check for check in checks if check.missing]
    command = "make up" if place is None else f"make up STACK={place.stack}"
    console.result(
        f"\n{len(failed)} things are missing." if failed else f"\nEverything is here: `{command}` can be run."
    )
    return 1 if failed else 0


def _place(stack: str) -> CloudPlace | None:
    try:
        return cloud_place(load_project(project_root()), stack)
    except SandboxError:
        return None  # which the check of the configuration tells


def _cloud(arguments: Namespace, place: CloudPlace, console: Console) -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")
    console.progress(f"rendering {place.stack}, to know what its account is to be asked about")
    try:
        found = declared(environment(arguments))
        yield Check(f"program of {place.stack}", True, f"declares {len(found.types)} types")
    except SandboxError as error:
        found = None
        yield Check(f"program of {place.stack}", False, error.what, error.fix)
    console.progress(f"asking account {place.account} in {place.region}")
    yield from cloud_checks(place, LiveAws(place.region), found)


def _checks(stack: str) -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")
    yield from _platform()
    yield from _room()
    yield from _tools()
    yield openmp()
    pulumi = shutil.which("pulumi")
    advice = "only needed to deploy dev and prod to a cloud: pulumi.com/docs/install"
    yield Check("Pulumi CLI", pulumi is not None, pulumi or "not on PATH", advice, needed=False)
    yield from _configuration(stack)


def _platform() -> Iterator[Check]:
    try:
        platform = current_platform()
        yield Check("platform", True, f"{platform.os}-{platform.arch}")
    except SandboxError as error:
        yield Check("platform", False, error.what, error.fix)


def _room() -> Iterator[Check]:
    root = project_root()
    for name, folder in (("disk of the project", root), ("disk of the home folder", Path.home())):
        free = shutil.disk_usage(folder).free / 1e9
        yield Check(name, free >= _FREE_GB, f"{free:.0f} GB free", f"free some: {_FREE_GB} GB are needed")
    yield Check("project folder", os.access(root, os.W_OK), str(root), "make it writable")
    memory = _available_memory()
    if memory is not None:
        yield Check("memory", memory >= _FREE_MEMORY_GB, f"{memory:.0f} GB available", "end some programs")


def _available_memory() -> float | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return int(found) * 1024 / 1e9 if found else None


def _tools() -> Iterator[Check]:
    go = shutil.which("go")
    version = go_version(Path(go)) if go else None
    found = f"{go} ({version[0]}.{version[1]})" if go and version else "not on PATH"
    yield Check("Go", version is not None, found, "not needed where tools can be downloaded", needed=False)
    for each in statuses():
        if not each.optional:
            state = f"{each.version} ({each.origin})"
            yield Check(each.name, each.path is not None, state, f"`make up` gets it: {each.how}", needed=False)


def _configuration(stack: str) -> Iterator[Check]:
    try:
        project = load_project(project_root())
        load_stack(project, stack)
        yield Check(f"configuration of {stack}", True, project.stack_file(stack).name)
    except SandboxError as error:
        yield Check(f"configuration of {stack}", False, str(error), error.fix)
