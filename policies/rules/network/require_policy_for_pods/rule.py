from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Stack, Violation
from policies.network_policies import DIRECTIONS, PodLabels, labelled_pods, network_policies, open_directions
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="NET-002",
    title="Require that each pod is selected by a NetworkPolicy",
    severity=Severity.HIGH,
    topics=("security", "network"),
    frameworks=("cis-kubernetes-1.9:5.3.2",),
    applies_to=WholeStack(),
    rationale=(
        "A pod that no policy of its namespace selects may talk to everybody and be talked to by everybody, whatever"
        " the policies of others say."
    ),
    remediation=(
        "Give the namespace a NetworkPolicy with podSelector {} and policyTypes [Ingress, Egress], or one that selects"
        " these pods; pods on the host's network cannot be isolated at all."
    ),
)
def require_policy_for_pods(stack: Stack) -> Iterator[Violation]:
    """One violation for each pod template that no policy selects; pods on the host's network are left out."""
    policies = network_policies(stack)

    def check(pod: PodLabels) -> Iterator[Violation]:
        if len(open_directions(pod, policies.get(pod.namespace, ()))) == len(DIRECTIONS):
            policies.vouch()
            yield Violation(pod.pod.spec.path, f"no NetworkPolicy in namespace {pod.namespace} selects these pods")

    pods = labelled_pods(stack)
    yield from judged_each(((pod.pod.resource, pod) for found in pods.values() for pod in found), check)
    pods.vouch()
