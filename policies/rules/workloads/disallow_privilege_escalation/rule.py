from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-005",
    title="Disallow privilege escalation",
    severity=Severity.CRITICAL,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:restricted/allowPrivilegeEscalation", "cis-kubernetes:5.2.6"),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    mandatory_everywhere=True,
    rationale=(
        "Escalation lets a process gain more rights than its parent by a set-user-id program, and so become root in a"
        " container that was not started as root. It is allowed unless it is switched off."
    ),
    remediation="Set securityContext.allowPrivilegeEscalation to false on each container.",
)
def disallow_privilege_escalation(container: Container) -> Iterator[Violation]:
    """Only an explicit false counts: the default of allowPrivilegeEscalation is true."""
    escalation = container.security["allowPrivilegeEscalation"]
    if escalation.boolean() is not False and (escalation.exists() or not container.pod.partial):
        yield Violation(escalation.path, f"{container.name} may gain more privileges than it was started with")
