from __future__ import annotations

from collections.abc import Iterator

from policies.model import Severity, Stack, Violation
from policies.network_policies import PodLabels, labelled_pods, network_policies, open_directions
from policies.rule import WholeStack, rule
from policies.whole import judged_each


@rule(
    id="NET-023",
    title="Require that pods with a NetworkPolicy are isolated in both directions",
    severity=Severity.MEDIUM,
    topics=("security", "network", "exfiltration"),
    applies_to=WholeStack(),
    rationale=(
        "Kubernetes restricts a pod only in the directions of the policies that select it. What is isolated for ingress"
        " alone can still send data anywhere, and policyTypes left out means ingress alone."
    ),
    remediation="Add the missing direction to policyTypes of a policy that selects these pods.",
)
def require_both_directions(stack: Stack) -> Iterator[Violation]:
    """One violation for each pod template that policies select and that is open in a direction all the same."""
    policies = network_policies(stack)

    def check(pod: PodLabels) -> Iterator[Violation]:
        still_open = open_directions(pod, policies.get(pod.namespace, ()))
        if len(still_open) == 1:
            policies.vouch()
            yield Violation(
                pod.pod.spec.path,
                f"no NetworkPolicy in namespace {pod.namespace} restricts the {still_open[0]} of these pods",
            )

    pods = labelled_pods(stack)
    yield from judged_each(((pod.pod.resource, pod) for found in pods.values() for pod in found), check)
    pods.vouch()
