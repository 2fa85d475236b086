"""Whether pods run as processes, and which images they are of."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandbox.control_plane.host import PROGRAMS

VARIABLE = "SANDBOX_HOST_PROCESSES"
_STACK = "local"


def wanted_programs(stack: str, *, refused: bool = False) -> str:
    """The module that knows which images run as processes; empty where all pods are simulated.

    Args:
        stack: The stack: only that of this machine runs anything, others are rehearsed.
        refused: Whether the user asked for a simulation.
    """
    if refused or stack != _STACK or os.environ.get(VARIABLE) == "0" or not sys.platform.startswith("linux"):
        return ""
    return PROGRAMS


def images(manifests: Iterable[Mapping[str, Any]]) -> list[str]:
    """The images of all containers that manifests declare, each once."""
    return sorted({image for manifest in manifests for image in _images(manifest)})


def _images(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            if key in ("containers", "initContainers") and isinstance(below, list):
                yield from (
                    each["image"] for each in below if isinstance(each, Mapping) and _is_text(each.get("image"))
                )
            else:
                yield from _images(below)
    elif isinstance(value, list):
        for below in value:
            yield from _images(below)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
