from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_ROLE, wildcards
from policies.rule import rule


@rule(
    id="RBAC-010",
    title="Disallow wildcard resources and URLs in roles",
    severity=Severity.HIGH,
    topics=("security", "rbac", "least-privilege"),
    frameworks=("cis-kubernetes:5.1.3", "owasp-kubernetes:K03"),
    applies_to=EVERY_ROLE,
    rationale=(
        "Every resource is Secrets, roles and running commands in pods, and whatever is installed tomorrow; nobody"
        " reviews that again."
    ),
    remediation="List the resources (or the URLs) that are needed.",
)
def disallow_wildcard_resources(role: Resource) -> Iterator[Violation]:
    """One violation for each wildcard; one for all subresources, such as `pods/*`, counts too."""
    yield from wildcards(role, "resources", "nonResourceURLs")
