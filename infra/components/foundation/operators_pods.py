"""Pods that charts of operators make: who they are, what they take, and whom they may talk to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import Field

from infra.core.catalog.charts import Chart, Footprint
from infra.core.cost.usage import Running
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.names import dns_label
from infra.core.quantity import Compute, format_cpu, format_memory
from infra.core.quota import Share
from infra.core.wiring import Member, Party, api_server_egress
from infra.core.wiring.network import NAMESPACE_LABEL
from infra.core.workload.pod import ZONE_KEY

Manifest = dict[str, Any]
COMPONENT = "operators"
SYSTEM = "kube-system"
"""Namespace of what belongs to the cluster itself, agents of each node among it."""

KUBELET_PORT = 10250
"""Port of the kubelet (Kubernetes, "Ports and Protocols")."""

NODE_RANGES = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
"""Private and shared addresses (RFC 1918, 6598). Nodes and the API server have such; which ones, the cloud chooses."""

OUTSIDE_MESH = {"istio.io/dataplane-mode": "none"}
"""Label of a pod that the mesh leaves alone (Istio, cni/README.md): the API server, its caller, is not in the mesh."""

DISRUPTION = {"enabled": True, "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
"""A pod that is not ready anyhow never holds up the emptying of a node."""

PART_OF_LABEL = "app.kubernetes.io/part-of"


class Agent(Args):
    """Pods of the cluster's own namespace that call an operator: one on each node."""

    name: str = Field(description="what they are")
    selector: dict[str, str] = Field(description="labels of the pods")
    port: int = Field(ge=1, le=65535, description="port that they call")


class OperatorPods(Args):
    """One Deployment that a chart makes."""

    chart: str = Field(description="the chart's name in the catalog")
    party: Party
    called_on: int | None = Field(default=None, description="port on which the API server calls it")
    reads_nodes: bool = Field(default=False, description="whether it asks the kubelet of every node")
    agents: tuple[Agent, ...] = Field(default=(), description="agents of the nodes that call it")


def operator_pods(chart: str, name: str, namespace: str, *labels: str, **more: Any) -> OperatorPods:
    """Pods that carry the recommended labels, in this order: name, instance and component."""
    keys = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component")
    selector = dict(zip(keys, labels, strict=False))
    return OperatorPods(chart=chart, party=Party(name=name, namespace=namespace, selector=selector), **more)


def members(pods: Iterable[OperatorPods], ownership: Ownership) -> tuple[Member, ...]:
    """Their place in the graph: all of them talk to the API server, and to nobody else of the platform."""
    return tuple(Member(party=pod.party, component=COMPONENT, ownership=ownership, api_server=True) for pod in pods)


def shares(charts: Mapping[str, Chart], pods: Iterable[OperatorPods]) -> tuple[Share, ...]:
    """What they take of the namespace's quota; one more of each while it is rolled."""

    def share(pod: OperatorPods) -> Share:
        footprint = charts[pod.chart].footprint
        return Share(pod.party.name, pod.party.namespace, footprint.total, footprint.total, footprint.replicas + 1)

    return tuple(map(share, pods))


def running(charts: Mapping[str, Chart], pods: Iterable[OperatorPods]) -> Iterator[Running]:
    """What they are paid for: they never scale."""
    for pod in pods:
        footprint = charts[pod.chart].footprint
        size = Compute(footprint.cpu, footprint.memory) * footprint.replicas
        yield Running(pod.party.name, size, size)


def network(pods: Iterable[OperatorPods], ownership: Ownership) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of the policies between these pods, the API server and the nodes."""
    for pod in pods:
        made = [("egress-api-server", api_server_egress(pod.party))]
        if pod.called_on is not None:
            made.append(("ingress-api-server", _nodes(pod.party, "from-api-server", "Ingress", pod.called_on)))
        if pod.reads_nodes:
            made.append(("egress-nodes", _nodes(pod.party, "to-nodes", "Egress", KUBELET_PORT)))
        made += [(f"ingress-{agent.name}", _from_agent(pod.party, agent)) for agent in pod.agents]
        for role, manifest in made:
            manifest["metadata"]["labels"] = object_labels(pod.party.name, COMPONENT, ownership)
            yield f"{pod.party.name}-{role}", manifest


def from_addresses(party: Party, name: str, port: int, addresses: Iterable[str] = NODE_RANGES) -> Manifest:
    """Opens one port of a party to addresses of the network, which a load balancer or node has."""
    return _policy(party, name, "Ingress", _blocks(addresses), port)


def chart_labels(name: str, ownership: Ownership) -> dict[str, str]:
    """Labels for what a chart makes, but for those by which charts select: a second value would take their place."""
    labels = object_labels(name, COMPONENT, ownership)
    return {key: value for key, value in labels.items() if "kubernetes.io/" not in key or key == PART_OF_LABEL}


def chart_resources(footprint: Footprint) -> dict[str, Any]:
    """Requests and limits of one replica."""
    amount = {"cpu": format_cpu(footprint.cpu), "memory": format_memory(footprint.memory)}
    return {"requests": amount, "limits": amount}


def zone_spread(party: Party) -> list[dict[str, Any]]:
    """Replicas in different zones where that is possible."""
    selector = {"matchLabels": dict(party.selector)}
    rule = {"maxSkew": 1, "topologyKey": ZONE_KEY, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector}
    return [rule]


def _nodes(party: Party, name: str, direction: str, port: int) -> Manifest:
    """Opens one port between a party and the private addresses that nodes and API servers have.

    Pods may have such addresses too, but those of every namespace of ours are refused on their own side.
    """
    return _policy(party, name, direction, _blocks(NODE_RANGES), port)


def _blocks(addresses: Iterable[str]) -> list[dict[str, Any]]:
    return [{"ipBlock": {"cidr": cidr}} for cidr in addresses]


def _from_agent(party: Party, agent: Agent) -> Manifest:
    peer = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: SYSTEM}},
        "podSelector": {"matchLabels": dict(agent.selector)},
    }
    return _policy(party, f"from-{agent.name}", "Ingress", [peer], agent.port)


def _policy(party: Party, name: str, direction: str, peers: list[dict[str, Any]], port: int) -> Manifest:
    rule = {"from" if direction == "Ingress" else "to": peers, "ports": [{"port": port, "protocol": "TCP"}]}
    metadata = {"name": dns_label(party.name, name), "namespace": party.namespace}
    spec = {
        "podSelector": {"matchLabels": dict(party.selector)},
        "policyTypes": [direction],
        direction.lower(): [rule],
    }
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
