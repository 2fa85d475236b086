from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.role_rules import EVERY_ROLE, cluster_wide, grants_of
from policies.rule import rule

_CREATE = frozenset({"create"})
_CHANGE = frozenset({"create", "update", "patch"})
_CONTROLLERS = (
    ("", "replicationcontrollers"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
)


@rule(
    id="RBAC-005",
    title="Limit who may create pods: nobody directly, and nobody in the whole cluster",
    severity=Severity.HIGH,
    topics=("security", "rbac", "privilege-escalation"),
    frameworks=("cis-kubernetes:5.1.4",),
    applies_to=EVERY_ROLE,
    rationale=(
        "Who may create a pod in a namespace has all its Secrets and accounts, since a pod may mount any of them; who"
        " may do so in the cluster has those of the system, too. Bare pods are besides restarted by nobody."
    ),
    remediation=(
        "Grant the creation of controllers (deployments, jobs) by a Role in the namespaces concerned; leave pods to the"
        " controllers."
    ),
)
def limit_workload_grants(role: Resource) -> Iterator[Violation]:
    """Controllers may be granted in a Role; in a ClusterRole they count as pods do."""
    for grant in grants_of(role):
        found = ["pods"] if grant.allows(_CREATE, "", "pods") else []
        if cluster_wide(role):
            found += [resource for group, resource in _CONTROLLERS if grant.allows(_CHANGE, group, resource)]
        if found:
            place = "the cluster" if cluster_wide(role) else "the namespace"
            yield Violation(grant.node["verbs"].path, f"the role may create {', '.join(found)} in {place}")
