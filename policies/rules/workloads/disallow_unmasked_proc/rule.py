from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-015",
    title="Disallow the node's unmasked /proc",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:baseline/procMount",),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    mandatory_everywhere=True,
    rationale="The runtime hides the parts of /proc by which a container could read or change the node's kernel.",
    remediation="Leave securityContext.procMount unset, or set it to Default.",
)
def disallow_unmasked_proc(container: Container) -> Iterator[Violation]:
    """Anything but Default counts, as in the baseline profile."""
    mount = container.security["procMount"]
    if mount.exists() and mount.text() != "Default":
        yield Violation(mount.path, f"{container.name} sets procMount to {mount.shown()}")
