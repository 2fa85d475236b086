from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.pods import Container, EveryContainer
from policies.rule import rule

_PLACES = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)


@rule(
    id="POD-017",
    title="Disallow probes and hooks that call another host",
    severity=Severity.HIGH,
    topics=("security", "pod-security", "isolation"),
    frameworks=("pod-security-standards:baseline/hostProbesAndHostLifecycle",),
    applies_to=EveryContainer(),
    mandatory_everywhere=True,
    rationale=(
        "The kubelet makes these calls from the node's network, so that the author of a pod could reach by it what"
        " network policy keeps from the pod, such as the cloud's metadata service."
    ),
    remediation="Leave host unset: the kubelet then calls the pod itself. Set a Host header in httpHeaders if needed.",
)
def disallow_probe_hosts(container: Container) -> Iterator[Violation]:
    """The baseline profile's check, which it has from Kubernetes 1.34 on."""
    for place in _PLACES:
        for handler in ("httpGet", "tcpSocket"):
            host = container.node.at(*place, handler, "host")
            if host.exists() and host.value() != "":
                yield Violation(host.path, f"{container.name} lets the kubelet call {host.shown()}")
