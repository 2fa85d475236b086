"""What runs for real in a sandbox, as its agent wrote it down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.cli.console import Console
from sandbox.host import said
from sandbox.host.leftovers import resident_bytes

Object = dict[str, Any]
_MEBIBYTE = 2**20


def read(home: Path) -> Object:
    """What the agent of a sandbox last said (``sandbox.host.said``).

    Args:
        home: The directory of the sandbox.
    """
    return said.read(home / "host")


def describe(home: Path, *, runs: bool = True) -> Object:
    """The same for `--json`, with the memory of each process as it is now, bytes.

    Args:
        home: The directory of the sandbox.
        runs: Whether its agent runs; without it nothing does, whatever it said last.
    """
    found = read(home) if runs else said.nothing()
    del found["gone"]
    for entry in found["pods"]:
        entry["memory"] = resident_bytes(entry["pid"]) if entry["pid"] else 0
        entry.pop("labels", None)
    return found


def print_hosted(home: Path, console: Console) -> None:
    """Print a line for each container that runs, and where Services are reached."""
    found = describe(home)
    if found["pods"]:
        console.result("    Pods that run as processes of this machine (memory in MiB; restarts):")
    for entry in found["pods"]:
        console.result(f"        {_line(entry)}")
    if found["services"]:
        console.result("    Services, as this machine reaches them:")
    for service in found["services"]:
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
