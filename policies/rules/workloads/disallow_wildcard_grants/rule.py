from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import ANY, EVERY_ROLE
from policies.rule import rule


@rule(
    id="RBAC-001",
    title="Disallow wildcards in roles",
    severity=Severity.HIGH,
    topics=("security", "rbac", "least-privilege"),
    frameworks=("cis-kubernetes:5.1.3", "owasp-kubernetes:K03"),
    applies_to=EVERY_ROLE,
    rationale=(
        "A wildcard grants what exists today and everything that is installed tomorrow, secrets and roles included;"
        " nobody reviews that again."
    ),
    remediation="List the API groups, resources and verbs (or the URLs) that are needed.",
)
def disallow_wildcard_grants(role: Resource) -> Iterator[Violation]:
    """One violation for each wildcard; a wildcard for all subresources, such as `pods/*`, counts too."""
    for node in role.root["rules"].items():
        for key in ("apiGroups", "resources", "verbs", "nonResourceURLs"):
            for item in node[key].items():
                text = item.text() or ""
                if text == ANY or (key == "resources" and "*" in text.split("/")) or (key != "verbs" and text == "/*"):
                    yield Violation(item.path, f"the role grants {text!r} of {key}")
