"""Time until the sandbox is ready, and the memory that it holds, against their limits."""

from __future__ import annotations

import secrets
import tempfile
import time
from pathlib import Path

from bench.report import line
from sandbox.control_plane import Endpoints, destroy, ensure_running

READY_LIMIT = 6.0
RESIDENT_LIMIT = 900.0
_RUNS = 3


def main() -> None:
    """Start sandboxes one after another and print the median and the largest."""
    seconds: list[float] = []
    megabytes: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for _ in range(_RUNS):
            name = f"bench-{secrets.token_hex(3)}"
            begin = time.perf_counter()
            endpoints = ensure_running(name, progress=lambda _: None, root=root)
            seconds.append(time.perf_counter() - begin)
            time.sleep(5)
            megabytes.append(_resident(endpoints))
            destroy(name, root=root)
    line("control plane and AWS API ready (median of 3)", sorted(seconds)[1], "s", against="limit", limit=READY_LIMIT)
    line("resident, supervisor included (largest)", max(megabytes), "MB", against="limit", limit=RESIDENT_LIMIT)


def _resident(endpoints: Endpoints) -> float:
    total = 0.0
    for pid in set(endpoints.pids.values()):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        total += next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS:")) / 1000
    return total
