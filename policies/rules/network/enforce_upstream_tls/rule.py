from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.mesh import DESTINATION_RULE, upstream_tls
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="NET-017",
    title="Enforce TLS to what a DestinationRule leads to",
    severity=Severity.HIGH,
    topics=("security", "network", "mesh", "encryption"),
    applies_to=kinds(DESTINATION_RULE),
    rationale=(
        "A DestinationRule overrides the mesh's mutual TLS from the caller's side: DISABLE sends plain text, and"
        " insecureSkipVerify sends to whoever answers."
    ),
    remediation="Leave tls out, or use ISTIO_MUTUAL within the mesh and SIMPLE or MUTUAL, verified, outside of it.",
)
def enforce_upstream_tls(resource: Resource) -> Iterator[Violation]:
    """One violation for each TLS setting, of the host, a port or a subset, that is off or not verified."""
    for tls in upstream_tls(resource):
        if tls["mode"].text() == "DISABLE":
            yield Violation(tls["mode"].path, "TLS to this host is off")
        if tls["insecureSkipVerify"].boolean():
            yield Violation(tls["insecureSkipVerify"].path, "the certificate of this host is not verified")
