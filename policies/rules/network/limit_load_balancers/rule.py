from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.network_policies import is_everywhere, network_at
from policies.rule import rule

_INTERNAL: Final = {
    # AWS Load Balancer Controller, Service annotations; the second is of the in-tree provider.
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    # Microsoft, "Use an internal load balancer with AKS"; Google, "LoadBalancer Service parameters".
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "networking.gke.io/load-balancer-type": "Internal",
    "cloud.google.com/load-balancer-type": "Internal",
}
"""Annotations, with their value, that keep a load balancer inside the network."""


@rule(
    id="NET-025",
    title="Limit load balancers to the own network or to named address ranges",
    severity=Severity.HIGH,
    topics=("security", "network", "exposure"),
    applies_to=kinds(("core", "Service")),
    rationale=(
        "A Service of type LoadBalancer is on the internet unless something says otherwise, and its pods with it, past"
        " the gateway."
    ),
    remediation=(
        "Use type ClusterIP and route through the gateway. For a load balancer that must be, set the annotation of an"
        " internal one (service.beta.kubernetes.io/aws-load-balancer-scheme: internal), or loadBalancerSourceRanges to"
        " ranges that are yours."
    ),
)
def limit_load_balancers(service: Resource) -> Iterator[Violation]:
    """One violation for a public load balancer, and for each range of callers that is everybody or no range."""
    spec = service.root["spec"]
    if spec["type"].text() != "LoadBalancer":
        return
    annotations = service.root.at("metadata", "annotations")
    if any(annotations[key].text() == value for key, value in _INTERNAL.items()):
        return
    ranges = spec["loadBalancerSourceRanges"].items()
    if not ranges:
        yield Violation(spec["type"].path, "the load balancer is public: nothing says that it is internal or for whom")
    for item in ranges:
        if network_at(item) is None:
            yield Violation(item.path, f"{item.shown()} is no address range")
        elif is_everywhere(item):
            yield Violation(item.path, f"the load balancer admits {item.text()}, which is more or less every address")
