from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule


@rule(
    id="POD-012",
    title="Disallow ports on the node",
    severity=Severity.HIGH,
    topics=("security", "pod-security", "isolation", "availability"),
    frameworks=("pod-security-standards:baseline/hostPorts", "cis-kubernetes:5.2.13"),
    applies_to=EveryContainer(),
    mandatory_everywhere=True,
    rationale=(
        "A host port is reached at the node's address, past Services and, with many network plugins, past network"
        " policy; and only one such pod fits on a node, so that a rollout can hang."
    ),
    remediation="Leave hostPort unset and reach the pod through a Service.",
)
def disallow_host_ports(container: Container) -> Iterator[Violation]:
    """One violation for each host port but 0, which means none."""
    for port in container.node["ports"].items():
        number = port["hostPort"]
        if number.exists() and number.integer() != 0:
            yield Violation(number.path, f"{container.name} takes port {number.shown()} of its node")
