from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.rule import rule

_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})


@rule(
    id="POD-014",
    title="Limit SELinux options to the types meant for containers",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:baseline/seLinuxOptions",),
    applies_to=EveryPod(),
    mandatory_everywhere=True,
    rationale="Another type, user or role, such as spc_t, lifts the separation of containers from the node.",
    remediation=(
        "Leave seLinuxOptions unset, or set only its level and one of the types container_t, container_init_t,"
        " container_kvm_t and container_engine_t."
    ),
)
def limit_selinux_options(pod: Pod) -> Iterator[Violation]:
    """The baseline profile's check, as it is from Kubernetes 1.31 on."""
    yield from _options(pod.spec.at("securityContext", "seLinuxOptions"), "the pod")
    for container in pod.containers():
        yield from _options(container.security["seLinuxOptions"], container.name)


def _options(options: Node, who: str) -> Iterator[Violation]:
    kind = options["type"]
    if kind.exists() and kind.text() not in _TYPES:
        yield Violation(kind.path, f"{who} sets the SELinux type {kind.shown()}")
    for field in ("user", "role"):
        if options[field].exists() and options[field].value() != "":
            yield Violation(options[field].path, f"{who} sets the SELinux {field} {options[field].shown()}")
