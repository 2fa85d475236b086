from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pod_amounts import missing_amount
from policies.pods import Container, EveryContainer, Role
from policies.rule import rule


@rule(
    id="POD-001",
    title="Require a CPU request",
    severity=Severity.HIGH,
    topics=("resources", "availability", "cost"),
    # Kubernetes refuses resources on ephemeral containers.
    applies_to=EveryContainer(roles=frozenset(Role) - {Role.EPHEMERAL}, complete_only=True),
    rationale=(
        "The scheduler places pods by their requests, the quota counts them and autoscalers measure against them."
        " Kubernetes would copy a missing request from the limit; it must be written all the same, so that what is"
        " reserved is a decision and not a side effect."
    ),
    remediation="Set resources.requests.cpu above zero, on the container or, from Kubernetes 1.34, on the pod.",
)
def require_cpu_requests(container: Container) -> Iterator[Violation]:
    """A request that Kubernetes would copy from the limit counts as missing: it must be written."""
    yield from missing_amount(container, "requests", "cpu")
