from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-005",
    title="Disallow privileged containers and privilege escalation",
    severity=Severity.CRITICAL,
    topics=("security", "pod-security"),
    frameworks=(
        "pod-security-standards:baseline/privileged",
        "pod-security-standards:restricted/allowPrivilegeEscalation",
    ),
    # Kubernetes refuses both fields on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    mandatory_everywhere=True,
    rationale=(
        "A privileged container owns its node and with it every other tenant's pods there; escalation lets a process"
        " gain more rights than its parent by a set-user-id program. It is allowed unless it is switched off."
    ),
    remediation="Set securityContext.allowPrivilegeEscalation to false and do not set securityContext.privileged.",
)
def disallow_privilege_escalation(container: Container) -> Iterator[Violation]:
    """Only an explicit false counts: the default of allowPrivilegeEscalation is true."""
    privileged = container.security["privileged"]
    if privileged.exists() and privileged.boolean() is not False:
        yield Violation(privileged.path, f"{container.name} is privileged")
    escalation = container.security["allowPrivilegeEscalation"]
    if escalation.boolean() is not False and (escalation.exists() or not container.pod.partial):
        yield Violation(escalation.path, f"{container.name} may gain more privileges than it was started with")
