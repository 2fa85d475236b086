from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_ROLE, wildcards
from policies.rule import rule


@rule(
    id="RBAC-001",
    title="Disallow wildcard verbs in roles",
    severity=Severity.HIGH,
    topics=("security", "rbac", "least-privilege"),
    frameworks=("cis-kubernetes:5.1.3", "owasp-kubernetes:K03"),
    applies_to=EVERY_ROLE,
    rationale=(
        "Every verb is reading, writing and deleting, and verbs that nobody thinks of: to escalate, bind and"
        " impersonate. Nobody reviews that again when a new one comes."
    ),
    remediation="List the verbs that are needed.",
)
def disallow_wildcard_verbs(role: Resource) -> Iterator[Violation]:
    """One violation for each rule that grants every verb."""
    yield from wildcards(role, "verbs")
