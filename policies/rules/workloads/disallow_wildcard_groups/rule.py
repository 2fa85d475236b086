from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_ROLE, wildcards
from policies.rule import rule


@rule(
    id="RBAC-011",
    title="Disallow wildcard API groups in roles",
    severity=Severity.HIGH,
    topics=("security", "rbac", "least-privilege"),
    frameworks=("cis-kubernetes:5.1.3", "owasp-kubernetes:K03"),
    applies_to=EVERY_ROLE,
    rationale=(
        "A resource may have the same name in several API groups: a grant on services in every group is one on those of"
        " the mesh and of Knative as well, and on those of any operator that comes."
    ),
    remediation="List the API groups that are needed; the core group is the empty text.",
)
def disallow_wildcard_groups(role: Resource) -> Iterator[Violation]:
    """One violation for each rule that holds in every API group."""
    yield from wildcards(role, "apiGroups")
