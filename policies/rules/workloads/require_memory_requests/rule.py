from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pod_amounts import missing_amount
from policies.pods import Container, EveryContainer, Role
from policies.rule import rule


@rule(
    id="POD-051",
    title="Require a memory request",
    severity=Severity.HIGH,
    topics=("resources", "availability", "cost"),
    # Kubernetes refuses resources on ephemeral containers.
    applies_to=EveryContainer(roles=frozenset(Role) - {Role.EPHEMERAL}, complete_only=True),
    rationale=(
        "A node that is full of pods which asked for no memory kills some of them, and those first that use more than"
        " they asked for. The quota counts requests, and one that is copied from the limit nobody decided on."
    ),
    remediation="Set resources.requests.memory above zero, on the container or, from Kubernetes 1.34, on the pod.",
)
def require_memory_requests(container: Container) -> Iterator[Violation]:
    """A request that Kubernetes would copy from the limit counts as missing: it must be written."""
    yield from missing_amount(container, "requests", "memory")
