"""How benchmarks print: the machine, and figures beside their limit or peer."""

from __future__ import annotations

import os
import platform


def machine() -> str:
    """Describe the machine that a figure belongs to."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores, {pages * size / 2**30:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f} before the run"
    )


def line(
    name: str, value: float, unit: str, *, against: str = "", limit: float | None = None, least: bool = False
) -> None:
    """Print one figure; with a limit also their ratio. ``least``: it is a bar to be reached, not to be kept under."""
    text = f"{name:<58} {value:9.2f} {unit:<4}"
    if limit is not None:
        verdict = ("met" if value >= limit else "MISSED") if least else ("within" if value <= limit else "OVER")
        text += f"  {value / limit:5.2f} x {against} ({limit:.2f} {unit}): {verdict}"
    print(text, flush=True)
