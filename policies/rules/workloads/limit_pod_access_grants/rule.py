from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_ROLE, WRITE, Grant, grants_of
from policies.rule import rule

_ENTER = frozenset({"get", "create"})
_WAYS = (
    ("pods/exec", _ENTER),
    ("pods/attach", _ENTER),
    ("pods/portforward", _ENTER),
    ("pods/proxy", _ENTER | WRITE),
    ("services/proxy", _ENTER | WRITE),
    ("pods/ephemeralcontainers", frozenset({"update", "patch"})),
    ("nodes/proxy", _ENTER | WRITE),
)


@rule(
    id="RBAC-004",
    title="Disallow grants to get into running pods and through nodes",
    severity=Severity.HIGH,
    topics=("security", "rbac", "audit"),
    frameworks=("cis-kubernetes:5.1.10", "nsa-cisa-hardening:rbac"),
    applies_to=EVERY_ROLE,
    rationale=(
        "Who may execute in a pod has its secrets, data and network, with no trace of what was done; by nodes/proxy"
        " this holds for every pod of the node, past admission and audit."
    ),
    remediation="Remove the grant; give it for a limited time through the break-glass procedure where it is needed.",
)
def limit_pod_access_grants(role: Resource) -> Iterator[Violation]:
    """Reading counts as well: a websocket enters by get."""
    for grant in grants_of(role):
        if found := _found(grant):
            yield Violation(grant.node["resources"].path, f"the role may use {', '.join(found)}")


def _found(grant: Grant) -> list[str]:
    return [resource for resource, verbs in _WAYS if grant.allows(verbs, "", resource)]
