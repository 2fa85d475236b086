from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pod_amounts import missing_amount
from policies.pods import Container, EveryContainer, Role
from policies.rule import rule


@rule(
    id="POD-001",
    title="Require requests for CPU and memory, and a memory limit",
    severity=Severity.HIGH,
    topics=("resources", "availability", "cost"),
    # Kubernetes refuses resources on ephemeral containers.
    applies_to=EveryContainer(roles=frozenset(Role) - {Role.EPHEMERAL}, complete_only=True),
    rationale=(
        "The scheduler places pods by their requests and the quota counts them; without a memory limit one container"
        " can have its neighbours killed. Kubernetes would copy a missing request from the limit; it must be written"
        " all the same, so that what is reserved is a decision and not a side effect."
    ),
    remediation=(
        "Set resources.requests for cpu and memory, and resources.limits.memory, to values above zero, on the"
        " container or, from Kubernetes 1.34, on the pod."
    ),
)
def require_resources(container: Container) -> Iterator[Violation]:
    """One violation for each of the three amounts that neither the container nor its pod sets."""
    yield from missing_amount(container, "requests", "cpu")
    yield from missing_amount(container, "requests", "memory")
    yield from missing_amount(container, "limits", "memory")
