"""What runs for real in a sandbox, as its agent wrote it down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.cli.console import Console
from sandbox.host.leftovers import resident_bytes

Object = dict[str, Any]
_MEBIBYTE = 2**20


def read(home: Path) -> Object:
    """What the agent of a sandbox last said: its containers, the Services that have any, and failed pods that are gone.

    Args:
        home: The directory of the sandbox.
    """
    nothing = _nothing()
    try:
        said = json.loads((home / "host" / "pods.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return nothing
    return nothing | said if isinstance(said, dict) else nothing


def _nothing() -> Object:
    return {"pods": [], "services": [], "gone": []}


def describe(home: Path, *, runs: bool = True) -> Object:
    """The same for `--json`, with the memory of each process as it is now, bytes.

    Args:
        home: The directory of the sandbox.
        runs: Whether its agent runs; without it nothing does, whatever it said last.
    """
    said = read(home) if runs else _nothing()
    del said["gone"]
    for entry in said["pods"]:
        entry["memory"] = resident_bytes(entry["pid"]) if entry["pid"] else 0
        entry.pop("labels", None)
    return said


def print_hosted(home: Path, console: Console) -> None:
    """Print a line for each container that runs, and where Services are reached."""
    said = describe(home)
    if said["pods"]:
        console.result("    Pods that run as processes of this machine (memory in MiB; restarts):")
    for entry in said["pods"]:
        console.result(f"        {_line(entry)}")
    if said["services"]:
        console.result("    Services, as this machine reaches them:")
    for service in said["services"]:
        where = f"{service['address']}:{service['port']}"
        problem = f"  {service['problem']}" if service["problem"] else ""
        console.result(f"        {service['namespace']}/{service['name']:<28} {where}{problem}")


def _line(entry: Object) -> str:
    name = f"{entry['namespace']}/{entry['pod']}"
    if entry["pid"] is None:
        reason, message = entry["waiting"] or (entry["phase"], "")
        return f"{name:<60} {entry['program'] or '-':<20} {reason}{': ' + message if message else ''}"
    ports = ",".join(str(port) for port in entry["ports"])
    where = f"{entry['address']}{':' + ports if ports else ''}"
    state = "ready" if entry["ready"] else "not ready"
    memory = f"{entry['memory'] / _MEBIBYTE:.0f}"
    return f"{name:<60} {entry['program']:<20} {entry['pid']:>8} {where:<26} {state:<9} {memory:>5} {entry['restarts']}"
