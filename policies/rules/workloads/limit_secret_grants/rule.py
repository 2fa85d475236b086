from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_ROLE, READ, cluster_wide, grants_of
from policies.rule import rule


@rule(
    id="RBAC-003",
    title="Limit who may read Secrets: single ones by name, none for the whole cluster",
    severity=Severity.HIGH,
    topics=("security", "rbac", "secrets"),
    frameworks=("cis-kubernetes:5.1.2", "owasp-kubernetes:K03"),
    applies_to=EVERY_ROLE,
    rationale=(
        "To list or watch Secrets is to read them all. In a namespace that is every database of the tenant; in the"
        " cluster it is every tenant, and by the tokens among them every right."
    ),
    remediation=(
        "Mount the Secret into the pod that needs it; otherwise grant get alone, with resourceNames, in a Role."
    ),
)
def limit_secret_grants(role: Resource) -> Iterator[Violation]:
    """Getting named Secrets in one namespace passes; names do not limit what a list shows."""
    for grant in grants_of(role):
        verbs = grant.allows(READ, "", "secrets")
        named = bool(grant.names) and not cluster_wide(role)
        if verbs - ({"get"} if named else set()):
            place = "the cluster" if cluster_wide(role) else "the namespace"
            yield Violation(grant.node["verbs"].path, f"the role may {', '.join(sorted(verbs))} Secrets of {place}")
