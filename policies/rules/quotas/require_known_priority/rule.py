from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import name_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.pods import pods_of
from policies.rule import WholeStack, rule
from policies.whole import judged

_CLASS: Final = ("scheduling.k8s.io", "PriorityClass")
_SYSTEM: Final = frozenset({"system-cluster-critical", "system-node-critical"})
_SYSTEM_NAMESPACE: Final = "kube-system"


@rule(
    id="QUOTA-014",
    title="Require priority classes that exist and are meant for the pod",
    severity=Severity.MEDIUM,
    topics=("quota", "scheduling", "correctness"),
    applies_to=WholeStack(),
    rationale=(
        "A pod with a class that is not there is refused when its controller makes it: the Deployment is accepted and"
        " stays empty. The system classes evict everything, brokers and databases too."
    ),
    remediation="Name a PriorityClass that the stack declares; system classes are for kube-system alone.",
)
def require_known_priority(stack: Stack) -> Iterator[Violation]:
    """One violation for each pod template with a class that the stack lacks, if it declares any, or a system class."""
    known = {name_of(found) for found in of_kinds(stack.resources, _CLASS)}

    def check(resource: Resource) -> Iterator[Violation]:
        for pod in pods_of(resource):
            node = pod.spec["priorityClassName"]
            name = node.text()
            if not name:
                continue
            if name in _SYSTEM:
                if resource.root.at("metadata", "namespace").text() != _SYSTEM_NAMESPACE:
                    yield Violation(node.path, f"the class {name} is for pods of the cluster itself")
            elif known and name not in known:
                names = ", ".join(sorted(known))
                yield Violation(node.path, f"there is no PriorityClass {name}; the stack declares {names}")

    yield from judged(stack.resources, check)
