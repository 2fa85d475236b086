"""Runs every phase for 1, 10 and 100 tenants and prints the exponents with which time and memory grow."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.report import line
from bench.tenants import scratch

COUNTS = (1, 10, 100)
LIMIT = 1.1
"""Greatest exponent: ten times the tenants take at most 12.6 times as long."""

_RUNS = 3
_ROOT = Path(__file__).resolve().parents[2]
_PHASES = Path(__file__).with_name("phases.py")
_CHECK = "import sys; from policies.cli import main; sys.exit(main())"
_KIB = 1024

Figures = Mapping[str, float]
_UNITS: Mapping[str, str] = {"memory": "MiB", "resources": ""}


def main() -> None:
    """Print every figure for each number of tenants, and how it grows."""
    found: list[Figures] = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory(prefix="tenants-") as folder:
            figures = measure(Path(folder, "project"), count)
        for name, value in figures.items():
            line(f"{count} tenants: {name}", value, _unit(name))
        found.append(figures)
    print("growth from the least to the most tenants, as exponent: whole, and of what each further tenant adds")
    for name in found[0]:
        values = [figures[name] for figures in found]
        line(f"{name}, whole", exponent(COUNTS, values), "", against="limit", limit=LIMIT)
        added = added_exponent(COUNTS, values)
        if added is None:
            print(f"{name}, further tenants: too little beside the noise of this run to say", flush=True)
        else:
            line(f"{name}, further tenants", added, "", against="limit", limit=LIMIT)


def exponent(counts: Sequence[int], values: Sequence[float]) -> float:
    """Slope of the values over the counts on double-logarithmic paper, by least squares."""
    xs, ys = [math.log(count) for count in counts], [math.log(value) for value in values]
    return statistics.linear_regression(xs, ys).slope


def added_exponent(counts: Sequence[int], values: Sequence[float]) -> float | None:
    """The same slope for what tenants add to the first value: the floor is gone, which hides growth where it is high.

    None where some step adds nothing or less: then what was measured is noise.
    """
    first, floor = counts[0], values[0]
    more = [(count - first, value - floor) for count, value in zip(counts[1:], values[1:], strict=True)]
    if any(value <= 0 for _, value in more):
        return None
    return exponent([count for count, _ in more], [value for _, value in more])


def measure(project: Path, count: int) -> Figures:
    """Every figure of a project with that many tenants: seconds of each phase, and MiB at the peak."""
    folders = scratch.make(_ROOT, project, count)
    environment = {key: value for key, value in os.environ.items() if key not in ("KUBECONFIG", "SANDBOX_ROOT")}
    environment["PYTHONPATH"] = os.pathsep.join(folders)
    rendered = str(project.with_name("rendered"))
    stack = scratch.STACK
    preview = ["-m", "sandbox.cli.main", "render", "--stack", stack, "--out", rendered]
    check = ["-c", _CHECK, "check", rendered, "--stack", stack]
    figures: dict[str, float] = {}
    for name, command in (("preview", preview), ("policies", check)):
        runs = [_run(command, project, environment)[0] for _ in range(_RUNS)]
        figures |= {f"{name}: {part}": statistics.median(run[part] for run in runs) for part in runs[0]}
    _, text = _run([str(_PHASES), str(project), stack, f"tenants-{count}"], project, environment)
    figures |= json.loads(text.splitlines()[-1])
    return figures


def _run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[Figures, str]:
    """What a command took, with MiB of its largest process, and what it printed."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", *arguments], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}: {text[-4000:]}")
    spent = usage.ru_utime + usage.ru_stime
    return {"seconds": seconds, "CPU": spent, "memory": usage.ru_maxrss / _KIB}, text


def _unit(name: str) -> str:
    return next((unit for key, unit in _UNITS.items() if name.endswith(key)), "s")
