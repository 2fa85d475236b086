from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import EveryPod, Pod
from policies.rule import rule


@rule(
    id="POD-024",
    title="Require a service account of its own",
    severity=Severity.MEDIUM,
    topics=("security", "identity"),
    frameworks=("cis-kubernetes:5.1.5",),
    applies_to=EveryPod(complete_only=True),
    rationale=(
        "All pods of a namespace that name no account share the default one: what is granted to one is granted to all,"
        " and neither mesh authorization nor the audit log can tell them apart."
    ),
    remediation="Create a ServiceAccount for the workload and name it in serviceAccountName.",
)
def require_own_service_account(pod: Pod) -> Iterator[Violation]:
    """The old name of the field, serviceAccount, counts too, as it does for Kubernetes."""
    node = pod.spec["serviceAccountName"]
    name = node.text() or pod.spec["serviceAccount"].text()
    if not name or name == "default":
        yield Violation(node.path, "the pod runs under the namespace's default service account")
