"""Whether this machine has OpenMP, which the price model's library is built on."""

from __future__ import annotations

import ctypes.util

from sandbox.deploy.check import Check
from sandbox.errors import SandboxError


def openmp() -> Check:
    """Whether its runtime library is here."""
    found = ctypes.util.find_library("gomp")
    advice = "the price model's library is built on it: install libgomp1 (Debian, Ubuntu) or libgomp (Fedora)"
    return Check("OpenMP", found is not None, found or "libgomp is not here", advice)


def require_openmp() -> None:
    """Refuse to go on without it: training would fail long after everything was started.

    Raises:
        SandboxError: it is not here; says how to get it, and how to do without.
    """
    check = openmp()
    if check.missing:
        raise SandboxError(
            f"pods cannot run as processes of this machine: {check.found}",
            where=check.name,
            fix=f"{check.fix}; or leave all pods simulated: sandbox up --no-host-processes",
        )
