from __future__ import annotations

from collections.abc import Iterator

from policies.label_selectors import selects
from policies.model import Severity, Stack, Violation
from policies.network_policies import (
    DIRECTIONS,
    PodLabels,
    directions_of,
    labelled_pods,
    network_policies,
    selected_pods,
)
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="NET-002",
    title="Require that each pod is selected by NetworkPolicies in both directions",
    severity=Severity.HIGH,
    topics=("security", "network"),
    frameworks=("cis-kubernetes-1.9:5.3.2",),
    applies_to=WholeStack(),
    rationale=(
        "Kubernetes restricts the traffic of a pod only in the directions of the policies that select it. What is"
        " isolated for ingress alone can still send data anywhere."
    ),
    remediation=(
        "Give the namespace a NetworkPolicy with podSelector {} and policyTypes [Ingress, Egress], or one that selects"
        " these pods; pods on the host's network cannot be isolated at all."
    ),
)
def require_policy_for_pods(stack: Stack) -> Iterator[Violation]:
    """One violation for each pod template that is open in a direction; pods on the host's network are left out."""
    policies = network_policies(stack)

    def check(pod: PodLabels) -> Iterator[Violation]:
        if pod.pod.spec["hostNetwork"].boolean():
            return
        closed: set[str] = set()
        for policy in policies.get(pod.namespace, ()):
            if selects(selected_pods(policy), pod.labels):
                closed |= directions_of(policy)
        still_open = [direction.lower() for direction in DIRECTIONS if direction not in closed]
        if still_open:
            yield Violation(
                pod.pod.spec.path,
                f"no NetworkPolicy in namespace {pod.namespace} restricts the {' and '.join(still_open)} of these pods",
            )

    yield from judged_each(((pod.pod.resource, pod) for pod in labelled_pods(stack)), check)
