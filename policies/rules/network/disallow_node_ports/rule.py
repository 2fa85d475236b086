from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="NET-009",
    title="Disallow Services that are open on a port of every node",
    severity=Severity.HIGH,
    topics=("security", "network", "exposure"),
    applies_to=kinds(("core", "Service")),
    rationale=(
        "A NodePort is open on every node, also on those with addresses that the internet reaches, past the gateway"
        " with its TLS, its tokens and its limits."
    ),
    remediation="Use type ClusterIP and route through the gateway.",
)
def disallow_node_ports(service: Resource) -> Iterator[Violation]:
    """One violation for a Service of type NodePort."""
    kind = service.root.at("spec", "type")
    if kind.text() == "NodePort":
        yield Violation(kind.path, "the Service is open on a port of every node (type NodePort)")
