from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import name_of, of_kinds
from policies.label_selectors import is_empty
from policies.model import Resource, Severity, Stack, Violation
from policies.network_policies import DIRECTIONS, directions_of, network_policies, selected_pods
from policies.rule import WholeStack, rule
from policies.whole import judged

_NAMESPACE = ("core", "Namespace")


@rule(
    id="NET-001",
    title="Require a NetworkPolicy that isolates every pod of each namespace in both directions",
    severity=Severity.HIGH,
    topics=("security", "network"),
    frameworks=("cis-kubernetes-1.9:5.3.2",),
    applies_to=WholeStack(),
    rationale=(
        "A pod that no policy selects talks to everybody and is open to everybody. One policy that selects every pod of"
        " the namespace refuses what nobody declared, also for pods that come later."
    ),
    remediation=(
        "Add a NetworkPolicy to the namespace with podSelector {} and policyTypes [Ingress, Egress] that allows"
        " nothing."
    ),
)
def require_default_deny(stack: Stack) -> Iterator[Violation]:
    """One violation for each namespace of the stack, naming the directions in which it is open by default."""
    policies = network_policies(stack)

    def check(namespace: Resource) -> Iterator[Violation]:
        name = name_of(namespace)
        closed: set[str] = set()
        for policy in policies.get(name, ()):
            if not closed.issuperset(DIRECTIONS) and is_empty(selected_pods(policy)):
                closed |= directions_of(policy)
        still_open = [direction.lower() for direction in DIRECTIONS if direction not in closed]
        if still_open:
            policies.vouch()
            yield Violation(
                "metadata.name",
                f"namespace {name} has no NetworkPolicy that denies {' and '.join(still_open)} by default",
            )

    yield from judged(of_kinds(stack.resources, _NAMESPACE), check)
