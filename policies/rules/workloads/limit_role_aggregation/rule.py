from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.label_selectors import is_empty
from policies.model import Resource, Severity, Violation
from policies.role_rules import CLUSTER_ROLE, READ, grants_of
from policies.rule import rule

_LABEL = "rbac.authorization.k8s.io/aggregate-to-"


@rule(
    id="RBAC-009",
    title="Limit what is added to Kubernetes' own roles by aggregation",
    severity=Severity.HIGH,
    topics=("security", "rbac", "least-privilege"),
    applies_to=kinds(CLUSTER_ROLE),
    rationale=(
        "A label on a cluster role adds its rules to view, edit, admin or cluster-admin, and so to everybody who has"
        " these already, in every namespace; a rule that gathers roles without saying which gathers all."
    ),
    remediation=(
        "Aggregate only reading rights, and only to view; bind other rights by a role of their own. Select roles by"
        " labels in aggregationRule."
    ),
)
def limit_role_aggregation(role: Resource) -> Iterator[Violation]:
    """A role that only reads may be added to any of them; a selector that restricts nothing is found as well."""
    reads = all(grant.verbs <= READ for grant in grants_of(role))
    for key, value in role.root.at("metadata", "labels").entries():
        if key.startswith(_LABEL) and value.text() == "true" and not reads:
            yield Violation(value.path, f"the role adds more than reading to {key.removeprefix(_LABEL)}")
    for selector in role.root.at("aggregationRule", "clusterRoleSelectors").items():
        if is_empty(selector):
            yield Violation(selector.path, "the role gathers the rules of every cluster role")
