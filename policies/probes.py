"""The probes of a container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model import Violation
from policies.pods import Container

HANDLERS: Final = ("exec", "grpc", "httpGet", "tcpSocket")
"""The ways in which a probe can ask."""


def missing_probe(container: Container, name: str) -> Iterator[Violation]:
    """A violation if a container has no such probe, or one that asks nothing.

    Args:
        container: The container.
        name: `readinessProbe` or `livenessProbe`.
    """
    probe = container.node[name]
    if not probe.exists():
        yield Violation(probe.path, f"{container.name} has no {name}")
    elif not any(probe[handler].exists() for handler in HANDLERS):
        yield Violation(probe.path, f"{container.name} has a {name} that names none of {', '.join(HANDLERS)}")
