from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule

_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@rule(
    id="AWS-037",
    title="Require EKS control planes to log everything that they can",
    severity=Severity.MEDIUM,
    topics=("kubernetes", "logging"),
    frameworks=("aws-foundational-security:EKS.8", "cis-eks-1.5:2.1.1"),
    applies_to=Types(frozenset({"aws:eks/cluster:Cluster"})),
    rationale=(
        "Who did what in the cluster is in the audit log and who logged in with which role in the authenticator's."
        " Neither is written unless it is asked for."
    ),
    remediation=f"Set enabledClusterLogTypes to {', '.join(_LOGS)}.",
)
def require_cluster_logs(resource: Resource) -> Iterator[Violation]:
    """One violation for a cluster that leaves out any of the five logs, naming them."""
    types = resource.root["enabledClusterLogTypes"]
    found = {item.text() for item in types.items()}
    missing = [log for log in _LOGS if log not in found]
    if missing:
        yield Violation(types.path, f"the control plane does not log {', '.join(missing)}")
