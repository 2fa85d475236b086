"""Who may talk to whom: typed edges, and the pair of NetworkPolicies that each becomes.

Every namespace denies all traffic by default. An edge that nobody declares is therefore refused; one that is declared
opens exactly one port from one group of pods to another, on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from infra.core.labels import selector_labels
from infra.core.models import Args
from infra.core.names import dns_label

Manifest = dict[str, Any]
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Label that the API server itself puts on every namespace with its name (Kubernetes, Well-Known Labels)."""

DNS_PORT = 53


class Party(Args):
    """A group of pods that sends or receives."""

    name: str = Field(description="workload's name")
    namespace: str = Field(description="namespace that its pods are in")
    selector: dict[str, str] = Field(description="labels of its pods")

    @classmethod
    def of_workload(cls, name: str, namespace: str) -> Party:
        """The pods of a workload of ours."""
        return cls(name=name, namespace=namespace, selector=selector_labels(name))

    def offer(self, port_name: str, port: int) -> Offer:
        """A TCP port that it serves."""
        return Offer(party=self, port_name=port_name, port=port)


class Offer(Args):
    """A port that a party serves, for others to use."""

    party: Party
    port_name: str = Field(max_length=15, description="name of the container port")
    port: int = Field(ge=1, le=65535, description="port that its pods listen on")
    protocol: Literal["TCP", "UDP"] = "TCP"


class Edge(Args):
    """One declared connection: a client uses an offer."""

    client: Party
    offer: Offer

    def policies(self) -> tuple[Manifest, Manifest]:
        """What opens the edge: egress beside the client, ingress beside the server."""
        server = self.offer.party
        ports = [{"port": self.offer.port, "protocol": self.offer.protocol}]
        egress = _policy(
            dns_label(self.client.name, "to", server.name, self.offer.port_name),
            self.client,
            {"policyTypes": ["Egress"], "egress": [{"to": [_peer(server)], "ports": ports}]},
        )
        ingress = _policy(
            dns_label(server.name, self.offer.port_name, "from", self.client.name),
            server,
            {"policyTypes": ["Ingress"], "ingress": [{"from": [_peer(self.client)], "ports": ports}]},
        )
        return egress, ingress

    def labelled_policies(self, labels: dict[str, str]) -> Iterator[tuple[str, Manifest]]:
        """Role and manifest of both, with labels. The role names the server only: clients may have changing names."""
        for direction, manifest in zip(("egress", "ingress"), self.policies(), strict=True):
            manifest["metadata"]["labels"] = dict(labels)
            yield f"{direction}-{self.offer.party.name}-{self.offer.port_name}", manifest


def default_deny(namespace: str) -> Manifest:
    """Refuses all traffic of all pods, both ways, that no other policy allows."""
    everybody = Party(name="default-deny", namespace=namespace, selector={})
    return _policy("default-deny", everybody, {"policyTypes": ["Ingress", "Egress"]})


def dns_egress(namespace: str) -> Manifest:
    """Allows all pods to ask the cluster's DNS, without which no Service has a name."""
    everybody = Party(name="allow-dns", namespace=namespace, selector={})
    resolver = Party(name="kube-dns", namespace="kube-system", selector={"k8s-app": "kube-dns"})
    ports = [{"port": DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")]
    return _policy(
        "allow-dns", everybody, {"policyTypes": ["Egress"], "egress": [{"to": [_peer(resolver)], "ports": ports}]}
    )


def api_server_egress(party: Party) -> Manifest:
    """Allows an operator to reach the Kubernetes API server.

    The API server is no pod, and its addresses are the cloud's to choose: a NetworkPolicy can name it by port only.
    """
    ports = [{"port": port, "protocol": "TCP"} for port in (443, 6443)]
    return _policy(
        dns_label(party.name, "to-api-server"), party, {"policyTypes": ["Egress"], "egress": [{"ports": ports}]}
    )


def _peer(party: Party) -> Manifest:
    return {
        "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: party.namespace}},
        "podSelector": {"matchLabels": dict(party.selector)},
    }


def _policy(name: str, party: Party, rules: Manifest) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": party.namespace},
        "spec": {"podSelector": {"matchLabels": dict(party.selector)} if party.selector else {}, **rules},
    }
