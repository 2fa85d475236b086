from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pod_amounts import missing_amount
from policies.pods import Container, EveryContainer, Role
from policies.rule import rule


@rule(
    id="POD-049",
    title="Require a CPU limit",
    severity=Severity.LOW,
    topics=("resources", "quotas", "cost"),
    # Kubernetes refuses resources on ephemeral containers.
    applies_to=EveryContainer(roles=frozenset(Role) - {Role.EPHEMERAL}, complete_only=True),
    rationale=(
        "Every namespace has a quota for CPU limits, and the API server refuses a pod without one there. Without limits"
        " a service is fast while its neighbours sleep and slow when they wake, and nobody knows what it needs."
    ),
    remediation="Set resources.limits.cpu above zero, on the container or, from Kubernetes 1.34, on the pod.",
)
def require_cpu_limits(container: Container) -> Iterator[Violation]:
    """The other amounts are POD-001's, POD-051's and POD-052's."""
    yield from missing_amount(container, "limits", "cpu")
