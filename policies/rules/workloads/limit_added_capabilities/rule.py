from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule

_MAY_ADD = "NET_BIND_SERVICE"


@rule(
    id="POD-050",
    title="Limit capabilities that are added to NET_BIND_SERVICE",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:restricted/capabilities_restricted", "cis-kubernetes:5.2.9"),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    rationale="Services such as these need none of root's powers, but at most to listen at a port below 1024.",
    remediation="Leave capabilities.add empty; NET_BIND_SERVICE alone may be added.",
)
def limit_added_capabilities(container: Container) -> Iterator[Violation]:
    """The restricted profile's check; names are matched exactly, as the API server's check does."""
    for item in container.security.at("capabilities", "add").items():
        if item.text() != _MAY_ADD:
            yield Violation(item.path, f"{container.name} adds the capability {item.shown()}")
