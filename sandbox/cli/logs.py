"""The command `logs`: of the sandbox's parts, and of the pods that run as processes."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.cli.console import Console
from sandbox.cli.context import environment
from sandbox.cli.hosted import Object, read
from sandbox.errors import ConfigurationError
from sandbox.host.said import workload_of

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Log:
    """A file and what it is called."""

    name: str
    path: Path


def logs(arguments: Namespace, console: Console) -> int:
    """Print the log of a part, a pod or a workload; with `-f` go on until interrupted."""
    where = environment(arguments)
    parts = [Log(path.stem, path) for path in sorted(where.paths.logs.glob("*.log"))]
    if not parts:
        raise ConfigurationError(
            f"the sandbox {where.paths.name!r} has no logs", where="--name", fix="start it first: sandbox up"
        )
    said = read(where.paths.home)
    chosen = choose(arguments.part, parts, [*said["pods"], *said["gone"]], previous=arguments.previous)
    alone = len(chosen) == 1
    ends = {log: _print_end(log, arguments.lines, console, alone=alone) for log in chosen}
    while arguments.follow:
        time.sleep(_LOOK_SECONDS)
        for log in chosen:
            ends[log] = _print_more(log, ends[log], console, alone=alone)
    return 0


def choose(wanted: str, parts: Sequence[Log], pods: Sequence[Object], *, previous: bool = False) -> list[Log]:
    """The logs that a name means: of a part, a pod, a workload, or all parts when it is empty.

    Args:
        wanted: A name; a pod's or workload's may have its namespace before it: `platform-streaming/kafka`.
        parts: Logs of the sandbox's parts.
        pods: What the agent says of each container.
        previous: Whether those of the run before a container's last restart are asked for.

    Raises:
        ConfigurationError: Nothing has that name, or nothing ran before.
    """
    if not wanted:
        return list(parts)
    found = [log for log in parts if log.name == wanted]
    if found and not previous:
        return found
    entries = [entry for entry in pods if _is_meant(wanted, entry)]
    entries = entries or [
        entry for entry in pods if workload_of(entry).startswith(f"{wanted}-")
    ]  # a job's name has a hash
    if not entries:
        names = sorted({log.name for log in parts} | {workload_of(entry) for entry in pods})
        raise ConfigurationError(f"there is no log of {wanted!r}", where="NAME", fix=f"one of: {', '.join(names)}")
    key = "previous_log" if previous else "log"
    several = len({entry["pod"] for entry in entries}) < len(entries)
    chosen = [
        Log(entry["pod"] + (f"/{entry['container']}" if several else ""), Path(entry[key]))
        for entry in entries
        if Path(entry[key]).exists()
    ]
    if not chosen:
        when = "ran before its last restart" if previous else "has run yet"
        raise ConfigurationError(f"nothing of {wanted!r} {when}", where="NAME", fix="look at it: sandbox status")
    return chosen


def _is_meant(wanted: str, entry: Object) -> bool:
    namespace, slash, name = wanted.rpartition("/")
    if slash and namespace != entry["namespace"]:
        return False
    return name in (entry["pod"], workload_of(entry))


def _print_end(log: Log, lines: int, console: Console, *, alone: bool) -> int:
    data = log.path.read_bytes()
    whole = data.decode("utf-8", "replace").splitlines()
    for line in whole[max(len(whole) - lines, 0) :]:
        console.result(line if alone else f"{log.name}: {line}")
    return len(data)


def _print_more(log: Log, begin: int, console: Console, *, alone: bool) -> int:
    """Print whole lines that came since; a file that has become shorter was begun anew, or its older half dropped."""
    try:
        with log.path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(begin if size >= begin else 0)
            data = stream.read()
    except OSError:
        return 0  # it is being begun anew
    whole, newline, _ = data.rpartition(b"\n")
    for line in whole.decode("utf-8", "replace").splitlines():
        console.result(line if alone else f"{log.name}: {line}")
    return (begin if size >= begin else 0) + len(whole) + len(newline)
