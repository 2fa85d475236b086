from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import EveryPod, Pod
from policies.rule import rule


@rule(
    id="POD-010",
    title="Disallow the node's network, process and IPC namespaces",
    severity=Severity.CRITICAL,
    topics=("security", "pod-security", "isolation"),
    frameworks=("pod-security-standards:baseline/hostNamespaces", "cis-kubernetes:5.2.3", "cis-kubernetes:5.2.5"),
    applies_to=EveryPod(),
    mandatory_everywhere=True,
    rationale=(
        "In the node's namespaces a pod sees and reaches what belongs to the node and to other tenants, and network"
        " policy does not hold for it."
    ),
    remediation="Leave hostNetwork, hostPID and hostIPC unset, or set them to false.",
)
def disallow_host_namespaces(pod: Pod) -> Iterator[Violation]:
    """One violation for each namespace shared with the node; unset means not shared."""
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        flag = pod.spec[name]
        if flag.exists() and flag.boolean() is not False:
            yield Violation(flag.path, f"the pod sets {name} to {flag.shown()}")
