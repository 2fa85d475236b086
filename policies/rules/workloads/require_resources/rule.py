from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer, Role
from policies.quantities import is_positive_quantity
from policies.rule import rule


@rule(
    id="POD-001",
    title="Require CPU and memory requests and limits",
    severity=Severity.HIGH,
    topics=("resources", "availability", "cost"),
    # Kubernetes refuses resources on ephemeral containers.
    applies_to=EveryContainer(roles=frozenset(Role) - {Role.EPHEMERAL}, complete_only=True),
    rationale=(
        "The scheduler places pods by their requests and the quota counts them; without limits one container can starve"
        " its neighbours. Kubernetes would copy a missing request from the limit; it must be written all the same, so"
        " that what is reserved is a decision and not a side effect."
    ),
    remediation=(
        "Set resources.requests and resources.limits for cpu and memory to values above zero, on the container or, from"
        " Kubernetes 1.34, on the pod."
    ),
)
def require_resources(container: Container) -> Iterator[Violation]:
    """One violation for each of the four amounts that neither the container nor its pod sets."""
    for section in ("requests", "limits"):
        for resource in ("cpu", "memory"):
            own = container.node.at("resources", section, resource)
            amount = own if own.exists() else container.pod.spec.at("resources", section, resource)
            if not amount.exists():
                message = f"{container.name} has no resources.{section}.{resource}"
                yield Violation(own.path, message)
            elif not is_positive_quantity(amount.value()):
                message = f"{container.name} has resources.{section}.{resource} {amount.shown()}, which sets nothing"
                yield Violation(amount.path, message)
