from __future__ import annotations

from collections.abc import Iterator

from policies.amounts import amount_at
from policies.kinds import by_namespace, namespace_of, of_kinds
from policies.model import Resource, Severity, Stack, Violation
from policies.quotas import hard_limits, namespace_quotas
from policies.rule import WholeStack, rule
from policies.whole import judged

_SERVICE = ("core", "Service")


@rule(
    id="QUOTA-008",
    title="Limit load balancers to those declared, and node ports to none",
    severity=Severity.MEDIUM,
    topics=("quota", "network", "cost"),
    applies_to=WholeStack(),
    rationale=(
        "A tenant that may create a load balancer opens a way into its namespace past the gateway, and each one costs"
        " money by the hour; a node port opens a port on every node."
    ),
    remediation=(
        "Set services.nodeports to 0 and services.loadbalancers to the number of load balancers that the stack itself"
        " declares in the namespace, in one of its ResourceQuotas."
    ),
)
def limit_exposure_counts(stack: Stack) -> Iterator[Violation]:
    """One violation for each of the two counts that is missing from a namespace's quota or too high."""
    services = by_namespace(of_kinds(stack.resources, _SERVICE))
    quotas = namespace_quotas(stack)

    def check(first: Resource) -> Iterator[Violation]:
        namespace = namespace_of(first)
        declared = sum(it.root.at("spec", "type").text() == "LoadBalancer" for it in services.get(namespace, ()))
        for name, allowed in (("services.nodeports", 0), ("services.loadbalancers", declared)):
            limits = [(quota, node) for quota in quotas[namespace] for key, node in hard_limits(quota) if key == name]
            if not limits:
                quotas.vouch()
                yield Violation(f'spec.hard["{name}"]', f"no quota of namespace {namespace} limits {name}")
            for quota, node in limits:
                value = amount_at(node)
                if value is None or value > allowed:
                    services.vouch()
                    yield Violation(node.path, f"{name} is {node.shown()}; at most {allowed}", resource=quota)

    yield from judged((found[0] for found in quotas.values()), check)
