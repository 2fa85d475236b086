"""Rules of the configuration about the price path: which stores it has, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.config.stack import StackConfig

Finding = tuple[str, Any, str, str]
"""Field, value, limit, fix."""


def application_findings(config: StackConfig) -> Iterator[Finding]:
    """Stores that the price path has twice, or not at all. AWS runs some only in a network that the program makes."""
    wanted = config.applications
    if wanted is None:
        return
    network = config.cluster.kind == "eks" and config.aws is not None
    for field, own, section, managed in (
        ("redis", wanted.redis, "cache", config.cache),
        ("postgresql", wanted.postgresql, "database", config.database),
    ):
        if own is None and managed is None:
            limit = f"required without a section {section}: the price path keeps its data in one of both"
            yield f"applications.{field}", "null", limit, f"Give its size, or add {section} in a cluster of kind eks"
        elif own is None and not network:
            limit = f"required where cluster.kind is {config.cluster.kind}: the {section} is only in a network of ours"
            yield f"applications.{field}", "null", limit, "Give its size, or remove applications"
        elif own is not None and managed is not None and network:
            limit = f"must be null with a section {section}, which the price path then uses"
            yield f"applications.{field}", "given", limit, f"Remove it, or remove {section}"
