from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_ROLE, WRITE, Grant, grants_of
from policies.rule import rule

_ADMISSION = "admissionregistration.k8s.io"
_WAYS = (
    (_ADMISSION, "mutatingwebhookconfigurations", "change every object on its way in"),
    (_ADMISSION, "validatingwebhookconfigurations", "read or refuse every object"),
    (_ADMISSION, "validatingadmissionpolicies", "switch these rules off"),
    (_ADMISSION, "validatingadmissionpolicybindings", "switch these rules off"),
    (_ADMISSION, "mutatingadmissionpolicies", "change every object on its way in"),
    (_ADMISSION, "mutatingadmissionpolicybindings", "change every object on its way in"),
    ("apiregistration.k8s.io", "apiservices", "answer for the API server"),
    ("", "endpoints", "lead a Service's traffic elsewhere"),
    ("discovery.k8s.io", "endpointslices", "lead a Service's traffic elsewhere"),
    ("", "persistentvolumes", "mount any path of a node"),
    ("", "nodes", "lead pods to a node of its own"),
    ("", "nodes/status", "lead pods to a node of its own"),
    ("", "namespaces", "lift the limits of a namespace by its labels"),
)
_NEW = frozenset({"create", "update", "patch"})


@rule(
    id="RBAC-006",
    title="Disallow grants to change what all others rely on: admission, routing of traffic, nodes, namespaces",
    severity=Severity.HIGH,
    topics=("security", "rbac", "privilege-escalation", "isolation"),
    frameworks=("cis-kubernetes:5.1.12", "cve:2021-25740"),
    applies_to=EVERY_ROLE,
    rationale=(
        "A webhook sees every object and may change it; who writes endpoints reads the traffic of others; a persistent"
        " volume may be any path of a node; a namespace's labels decide which limits hold there."
    ),
    remediation="Leave these to the platform's own program and to operators that were reviewed as such.",
)
def limit_cluster_grants(role: Resource) -> Iterator[Violation]:
    """Deleting counts for admission alone, where it switches a protection off."""
    for grant in grants_of(role):
        for what, resources in _found(grant).items():
            path = grant.node["resources"].path
            yield Violation(path, f"the role may write {', '.join(resources)}, and so {what}")


def _found(grant: Grant) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group, resource, what in _WAYS:
        if grant.allows(WRITE if group == _ADMISSION else _NEW, group, resource):
            found.setdefault(what, []).append(resource)
    return found
