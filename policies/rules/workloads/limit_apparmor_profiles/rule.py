from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Violation
from policies.node import Node
from policies.pods import EveryPod, Pod
from policies.rule import rule

_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_TYPES = ("RuntimeDefault", "Localhost")


@rule(
    id="POD-013",
    title="Disallow running without an AppArmor profile",
    severity=Severity.HIGH,
    topics=("security", "pod-security"),
    frameworks=("pod-security-standards:baseline/appArmorProfile",),
    applies_to=EveryPod(),
    mandatory_everywhere=True,
    rationale=(
        "Where a node has AppArmor, the runtime's default profile keeps a container from mounting, tracing others and"
        " writing to the kernel's files; Unconfined gives all of that back."
    ),
    remediation="Leave appArmorProfile unset, or set its type to RuntimeDefault or Localhost; drop the old annotation.",
)
def limit_apparmor_profiles(pod: Pod) -> Iterator[Violation]:
    """The baseline profile's check, with the annotations that came before the field."""
    yield from _profile(pod.spec.at("securityContext", "appArmorProfile"), "the pod")
    for container in pod.containers():
        yield from _profile(container.security["appArmorProfile"], container.name)
    for key, value in pod.node.at("metadata", "annotations").entries():
        if key.startswith(_ANNOTATION) and value.exists():
            text = value.text()
            if text is None or not (text in {"", "runtime/default"} or text.startswith("localhost/")):
                yield Violation(value.path, f"the annotation sets the AppArmor profile {value.shown()}")


def _profile(profile: Node, who: str) -> Iterator[Violation]:
    if profile.exists() and profile["type"].text() not in _TYPES:
        yield Violation(profile["type"].path, f"{who} sets the AppArmor profile {profile['type'].shown()}")
