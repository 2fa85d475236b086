from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule

_DEFAULT = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)


@rule(
    id="POD-019",
    title="Disallow capabilities beyond what a runtime gives by default",
    severity=Severity.CRITICAL,
    topics=("security", "pod-security", "isolation"),
    frameworks=("pod-security-standards:baseline/capabilities_baseline", "cis-kubernetes:5.2.8"),
    # Kubernetes refuses the field on Windows pods.
    applies_to=EveryContainer(linux_only=True),
    mandatory_everywhere=True,
    rationale=(
        "SYS_ADMIN, SYS_PTRACE, NET_ADMIN, BPF and their like are ways out of the container; no environment is a place"
        " to try them. POD-050 asks for less still, where it is mandatory."
    ),
    remediation="Remove the capability from securityContext.capabilities.add.",
)
def disallow_added_capabilities(container: Container) -> Iterator[Violation]:
    """The baseline profile's check; names are matched exactly, as the API server's check does."""
    for item in container.security.at("capabilities", "add").items():
        if item.text() not in _DEFAULT:
            yield Violation(item.path, f"{container.name} adds the capability {item.shown()}")
