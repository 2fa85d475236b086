from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.rule import rule


@rule(
    id="POD-046",
    title="Disallow Windows host processes",
    severity=Severity.CRITICAL,
    topics=("security", "pod-security", "isolation"),
    frameworks=("pod-security-standards:baseline/windowsHostProcess", "cis-kubernetes:5.2.11"),
    applies_to=EveryPod(),
    mandatory_everywhere=True,
    rationale="A host process is no container at all: it runs on the Windows node itself, with the node's rights.",
    remediation="Leave windowsOptions.hostProcess unset, or set it to false.",
)
def disallow_host_processes(pod: Pod) -> Iterator[Violation]:
    """Judges the pod and each container, since either may set it."""
    yield from _unless_off(pod.spec["securityContext"], "the pod")
    for container in pod.containers():
        yield from _unless_off(container.security, container.name)


def _unless_off(context: Node, who: str) -> Iterator[Violation]:
    flag = context.at("windowsOptions", "hostProcess")
    if flag.exists() and flag.boolean() is not False:
        yield Violation(flag.path, f"{who} sets hostProcess to {flag.shown()}")
