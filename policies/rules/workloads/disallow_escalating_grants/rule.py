from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_ROLE, Grant, grants_of
from policies.rule import rule

_RBAC = "rbac.authorization.k8s.io"
_ROLES = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
_BEYOND = frozenset({"escalate", "bind", "impersonate"})
_WAYS = (
    *((_RBAC, role, _BEYOND, "grant more than its holder has") for role in _ROLES),
    *(("", who, frozenset({"impersonate"}), "act as others") for who in ("users", "groups", "serviceaccounts")),
    ("authentication.k8s.io", "uids", frozenset({"impersonate"}), "act as others"),
    ("", "serviceaccounts/token", frozenset({"create"}), "make tokens of other accounts"),
    (
        "certificates.k8s.io",
        "certificatesigningrequests/approval",
        frozenset({"update", "patch"}),
        "approve certificates of any user",
    ),
    ("certificates.k8s.io", "signers", frozenset({"approve", "sign"}), "sign certificates of any user"),
)


@rule(
    id="RBAC-002",
    title="Disallow grants by which their holder can get more rights",
    severity=Severity.CRITICAL,
    topics=("security", "rbac", "privilege-escalation"),
    frameworks=("cis-kubernetes:5.1.8", "cis-kubernetes:5.1.11", "cis-kubernetes:5.1.13"),
    applies_to=EVERY_ROLE,
    mandatory_everywhere=True,
    rationale=(
        "Who may escalate or bind roles, impersonate, make tokens or approve certificates has every right of the"
        " cluster, whatever else the role says (Kubernetes documentation, RBAC good practices)."
    ),
    remediation="Remove the verb; let the program that runs the platform alone create roles and bindings.",
)
def disallow_escalating_grants(role: Resource) -> Iterator[Violation]:
    """Grants by wildcard are not repeated here: RBAC-001, RBAC-010 and RBAC-011 report them."""
    for grant in grants_of(role):
        yield from _ways(grant)


def _ways(grant: Grant) -> Iterator[Violation]:
    seen: set[str] = set()
    for group, resource, verbs, what in _WAYS:
        found = grant.allows(verbs, group, resource)
        if found and what not in seen:
            seen.add(what)
            listed = ", ".join(sorted(found))
            yield Violation(grant.node["verbs"].path, f"the role may {listed} {resource}, and so {what}")
