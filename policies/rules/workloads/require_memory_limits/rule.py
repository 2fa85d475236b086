from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pod_amounts import missing_amount
from policies.pods import Container, EveryContainer, Role
from policies.rule import rule


@rule(
    id="POD-052",
    title="Require a memory limit",
    severity=Severity.HIGH,
    topics=("resources", "availability", "cost"),
    # Kubernetes refuses resources on ephemeral containers.
    applies_to=EveryContainer(roles=frozenset(Role) - {Role.EPHEMERAL}, complete_only=True),
    rationale=(
        "Without a memory limit one container that leaks takes the memory of the whole node, and the kernel kills"
        " whatever it likes there, neighbours included."
    ),
    remediation="Set resources.limits.memory above zero, on the container or, from Kubernetes 1.34, on the pod.",
)
def require_memory_limits(container: Container) -> Iterator[Violation]:
    """Memory cannot be taken back but by killing, so that its limit matters more than that of CPU."""
    yield from missing_amount(container, "limits", "memory")
