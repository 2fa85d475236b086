from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule

_MAY_ADD = "NET_BIND_SERVICE"


@rule(
    id="POD-006",
    title="Limit capabilities: drop ALL, add none but NET_BIND_SERVICE",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:restricted/capabilities_restricted",),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    rationale="A container gets a set of root's powers from its runtime that services such as these never need.",
    remediation=(
        'Set securityContext.capabilities.drop to ["ALL"] and leave add empty; NET_BIND_SERVICE alone may be added.'
    ),
)
def limit_capabilities(container: Container) -> Iterator[Violation]:
    """The restricted profile's check; capability names are matched exactly, as the API server's check does."""
    capabilities = container.security["capabilities"]
    drop = capabilities["drop"]
    if not any(item.text() == "ALL" for item in drop.items()) and (drop.exists() or not container.pod.partial):
        yield Violation(drop.path, f"{container.name} does not drop ALL capabilities")
    for item in capabilities["add"].items():
        if item.text() != _MAY_ADD:
            yield Violation(item.path, f"{container.name} adds the capability {item.shown()}")
