"""The amounts of CPU and memory that a container asks for."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import Violation
from policies.pods import Container
from policies.quantities import is_positive_quantity


def missing_amount(container: Container, section: str, resource: str) -> Iterator[Violation]:
    """A violation if neither the container nor its pod sets an amount above zero.

    Args:
        container: The container.
        section: `requests` or `limits`.
        resource: `cpu` or `memory`.
    """
    own = container.node.at("resources", section, resource)
    amount = own if own.exists() else container.pod.spec.at("resources", section, resource)
    if not amount.exists():
        yield Violation(own.path, f"{container.name} has no resources.{section}.{resource}")
    elif not is_positive_quantity(amount.value()):
        message = f"{container.name} has resources.{section}.{resource} {amount.shown()}, which sets nothing"
        yield Violation(amount.path, message)
