from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.label_selectors import is_empty
from policies.mesh import DESTINATION_RULE, upstream_tls
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="NET-018",
    title="Require certificates to verify what a DestinationRule leads to",
    severity=Severity.MEDIUM,
    topics=("security", "network", "mesh", "encryption"),
    applies_to=kinds(DESTINATION_RULE),
    # Istio's own analyzer says the same (IST0128, IST0129); a credential counts only with a workload selector.
    rationale=(
        "With SIMPLE or MUTUAL and no authority to check it against, the certificate of the other side may be"
        " anybody's: the connection is encrypted, to whoever it is."
    ),
    remediation=(
        "Set tls.caCertificates and tls.subjectAltNames, or tls.credentialName together with workloadSelector."
    ),
)
def require_upstream_verification(resource: Resource) -> Iterator[Violation]:
    """One violation for each TLS setting that originates TLS and does not say by what it is verified."""
    chosen = not is_empty(resource.root.at("spec", "workloadSelector"))
    for tls in upstream_tls(resource):
        mode = tls["mode"].text()
        verified = tls["caCertificates"].text() or (chosen and tls["credentialName"].text())
        if mode in {"SIMPLE", "MUTUAL"} and not verified:
            yield Violation(tls["caCertificates"].path, f"nothing verifies the other side's certificate (mode {mode})")
