from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.network_policies import is_everywhere, network_at
from policies.node import Node
from policies.rule import rule

_INTERNAL: Final = {
    # AWS Load Balancer Controller, Service annotations; the second is of the in-tree provider.
    "service.beta.kubernetes.io/aws-load-balancer-scheme": ("internal",),
    "service.beta.kubernetes.io/aws-load-balancer-internal": ("true",),
    # Microsoft, "Use an internal load balancer with AKS"; Google, "LoadBalancer Service parameters".
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "networking.gke.io/load-balancer-type": ("Internal",),
    "cloud.google.com/load-balancer-type": ("Internal",),
}
"""Annotations, with their values, that keep a load balancer inside the network."""

_CLUSTER_DOMAIN: Final = ".svc.cluster.local"


@rule(
    id="NET-009",
    title="Limit the ways by which a Service is open to the outside",
    severity=Severity.HIGH,
    topics=("security", "network", "exposure"),
    applies_to=kinds(("core", "Service")),
    rationale=(
        "A NodePort is open on every node past all gateways; a public load balancer is open to the internet; an"
        " external IP or an external name lets a Service take over the traffic of addresses that are not its own"
        " (CVE-2020-8554)."
    ),
    remediation=(
        "Use type ClusterIP and route through the gateway. A load balancer that must be: set the annotation for an"
        " internal one, or loadBalancerSourceRanges to ranges that are yours, and allocateLoadBalancerNodePorts to"
        " false where it can be."
    ),
)
def limit_service_exposure(service: Resource) -> Iterator[Violation]:
    """One violation for each way by which the Service is reached from outside, or leads out where it should not."""
    spec = service.root["spec"]
    kind = spec["type"].text()
    if kind == "NodePort":
        yield Violation(spec["type"].path, "the Service is open on a port of every node (type NodePort)")
    elif kind == "LoadBalancer":
        yield from _load_balancer(service, spec)
    elif kind == "ExternalName":
        reason = _wrong_name(spec["externalName"].text() or "")
        if reason:
            yield Violation(spec["externalName"].path, reason)
    for address in spec["externalIPs"].items():
        yield Violation(address.path, f"the Service claims the address {address.shown()} on every node")


def _load_balancer(service: Resource, spec: Node) -> Iterator[Violation]:
    annotations = service.root.at("metadata", "annotations")
    for key, values in _INTERNAL.items():
        text = annotations[key].text()
        if text is not None and text in values:
            return
    ranges = spec["loadBalancerSourceRanges"].items()
    if not ranges:
        yield Violation(spec["type"].path, "the load balancer is public: nothing says that it is internal or for whom")
    for item in ranges:
        if network_at(item) is None:
            yield Violation(item.path, f"{item.shown()} is no address range")
        elif is_everywhere(item):
            yield Violation(item.path, f"the load balancer admits {item.text()}, which is more or less every address")


def _wrong_name(name: str) -> str:
    host = name.strip().rstrip(".").lower()
    if not host or "." not in host:
        return f"the external name {name!r} is no full host name, so what it means depends on who asks"
    if host.endswith((".localhost", _CLUSTER_DOMAIN)):
        return f"the external name {name!r} leads back into the cluster, past the policies of the namespace it is in"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return ""
    return f"the external name {name!r} is an address, which DNS does not resolve as one"
