from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-045",
    title="Disallow privileged containers",
    severity=Severity.CRITICAL,
    topics=("security", "pod-security", "isolation"),
    frameworks=("pod-security-standards:baseline/privileged", "cis-kubernetes:5.2.2"),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    mandatory_everywhere=True,
    rationale="A privileged container owns its node and with it every other tenant's pods there.",
    remediation="Leave securityContext.privileged unset, or set it to false.",
)
def disallow_privileged(container: Container) -> Iterator[Violation]:
    """Anything but false counts; unset means false."""
    privileged = container.security["privileged"]
    if privileged.exists() and privileged.boolean() is not False:
        yield Violation(privileged.path, f"{container.name} is privileged")
