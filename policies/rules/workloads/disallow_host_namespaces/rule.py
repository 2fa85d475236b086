from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.rule import rule


@rule(
    id="POD-010",
    title="Disallow the node's network, process and IPC namespaces",
    severity=Severity.CRITICAL,
    topics=("security", "pod-security", "isolation"),
    frameworks=(
        "pod-security-standards:baseline/hostNamespaces",
        "pod-security-standards:baseline/windowsHostProcess",
    ),
    applies_to=EveryPod(),
    mandatory_everywhere=True,
    rationale=(
        "In the node's namespaces a pod sees and reaches what belongs to the node and to other tenants, and network"
        " policy does not hold for it. A Windows host process is the same by another name."
    ),
    remediation="Leave hostNetwork, hostPID, hostIPC and windowsOptions.hostProcess unset, or set them to false.",
)
def disallow_host_namespaces(pod: Pod) -> Iterator[Violation]:
    """One violation for each namespace shared with the node; unset means not shared."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        yield from _unless_off(pod.spec[field], "the pod")
    yield from _unless_off(pod.spec.at("securityContext", "windowsOptions", "hostProcess"), "the pod")
    for container in pod.containers():
        yield from _unless_off(container.security.at("windowsOptions", "hostProcess"), container.name)


def _unless_off(flag: Node, who: str) -> Iterator[Violation]:
    if flag.exists() and flag.boolean() is not False:
        yield Violation(flag.path, f"{who} sets {flag.path.rpartition('.')[2]} to {flag.shown()}")
