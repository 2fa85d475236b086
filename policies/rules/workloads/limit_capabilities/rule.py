from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-006",
    title="Require capabilities to be dropped, all of them",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:restricted/capabilities_restricted",),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    rationale="A container gets a set of root's powers from its runtime that services such as these never need.",
    remediation='Set securityContext.capabilities.drop to ["ALL"] on each container.',
)
def limit_capabilities(container: Container) -> Iterator[Violation]:
    """The restricted profile's check; capability names are matched exactly, as the API server's check does."""
    drop = container.security.at("capabilities", "drop")
    if not any(item.text() == "ALL" for item in drop.items()) and (drop.exists() or not container.pod.partial):
        yield Violation(drop.path, f"{container.name} does not drop ALL capabilities")
