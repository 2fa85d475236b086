"""NetworkPolicies: the pair of each edge, and what every namespace begins with.

Every namespace denies all traffic by default. An edge that nobody declares is therefore refused; one that is declared
opens exactly one port from one group of pods to another, on both sides. Between pods of the mesh the same connection
travels through a tunnel to port 15008 of the server's pod, so that port is opened between exactly the same two groups,
and the mesh's own authorization (``mesh.py``) says which ports may be reached through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.core.names import dns_label
from infra.core.wiring.edges import Edge, OutsideEdge, Party

Manifest = dict[str, Any]
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Label that the API server itself puts on every namespace with its name (Kubernetes, Well-Known Labels)."""

DNS_PORT = 53
TUNNEL_PORT = 15008
"""Port of the mesh's tunnel (HBONE) at every pod (Istio, "Ambient and Kubernetes NetworkPolicy")."""

PROBE_ADDRESS = "169.254.7.127/32"
"""Address under which the kubelet's probes reach pods of an ambient mesh (Istio, same page)."""

API_SERVER_PORTS = (443, 6443)

IDENTITY_AGENT = ("169.254.170.23/32", "fd00:ec2::23/128")
IDENTITY_AGENT_PORT = 80
"""Where the agent of each node hands pods the credentials of their role (Amazon EKS User Guide, "Understand how EKS Pod
Identity works", AWS_CONTAINER_CREDENTIALS_FULL_URI). It tells pods apart by the token of their ServiceAccount."""


def edge_policies(edge: Edge) -> tuple[Manifest, Manifest]:
    """What opens an edge: egress beside the client, ingress beside the server."""
    client, server, offer = edge.client, edge.offer.party, edge.offer
    ports = [{"port": offer.port, "protocol": offer.protocol}]
    if offer.protocol == "TCP" and offer.port != TUNNEL_PORT:  # the tunnel carries TCP only
        ports.append({"port": TUNNEL_PORT, "protocol": "TCP"})
    near = server.namespace == client.namespace
    egress = _policy(
        dns_label(client.name, "to", "" if near else server.namespace, server.name, offer.port_name),
        client,
        {"policyTypes": ["Egress"], "egress": [{"to": [_peer(server)], "ports": ports}]},
    )
    ingress = _policy(
        dns_label(server.name, offer.port_name, "from", "" if near else client.namespace, client.name),
        server,
        {"policyTypes": ["Ingress"], "ingress": [{"from": [_peer(client)], "ports": ports}]},
    )
    return egress, ingress


def labelled_edge_policies(edge: Edge, labels: dict[str, str]) -> Iterator[tuple[str, Manifest]]:
    """Role and manifest of both, with labels. The role names the server only: clients may have changing names."""
    server = edge.offer.party
    foreign = "" if server.namespace == edge.client.namespace else f"{server.namespace}-"
    for direction, manifest in zip(("egress", "ingress"), edge_policies(edge), strict=True):
        manifest["metadata"]["labels"] = dict(labels)
        yield f"{direction}-{foreign}{server.name}-{edge.offer.port_name}", manifest


def outside_policy(edge: OutsideEdge) -> Manifest:
    """Lets a client reach one port outside the cluster.

    A NetworkPolicy knows no names: it opens the port to the target's networks, which are all public ones unless it is
    a managed service of our own network. The name is told to the mesh by a ServiceEntry (``mesh.py``), on which a
    gateway of the mesh can insist.
    """
    rule = {"to": edge.target.peers(), "ports": [{"port": edge.target.port, "protocol": "TCP"}]}
    name = dns_label(edge.client.name, "to", edge.target.host, str(edge.target.port))
    return _policy(name, edge.client, {"policyTypes": ["Egress"], "egress": [rule]})


def labelled_outside_policy(edge: OutsideEdge, labels: dict[str, str]) -> tuple[str, Manifest]:
    """Role and manifest of the egress policy, with labels."""
    manifest = outside_policy(edge)
    manifest["metadata"]["labels"] = dict(labels)
    return f"egress-{edge.target.host}-{edge.target.port}", manifest


def default_deny(namespace: str) -> Manifest:
    """Refuses all traffic of all pods, both ways, that no other policy allows."""
    return _namespace_policy("default-deny", namespace, {"policyTypes": ["Ingress", "Egress"]})


def dns_egress(namespace: str) -> Manifest:
    """Allows all pods to ask the cluster's DNS, without which no Service has a name."""
    resolver = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    ports = [{"port": DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")]
    return _namespace_policy(
        "allow-dns", namespace, {"policyTypes": ["Egress"], "egress": [{"to": [resolver], "ports": ports}]}
    )


def allow_probes(namespace: str) -> Manifest:
    """Allows the kubelet's probes, which an ambient mesh rewrites to come from one link-local address of the node.

    Nothing but the node itself can send from that address: it is not routed.
    """
    rule = {"from": [{"ipBlock": {"cidr": PROBE_ADDRESS}}]}
    return _namespace_policy("allow-probes", namespace, {"policyTypes": ["Ingress"], "ingress": [rule]})


def api_server_egress(party: Party, networks: Sequence[str] = ()) -> Manifest:
    """Allows pods to reach the Kubernetes API server.

    The API server is no pod, and its addresses are the cloud's to choose: a NetworkPolicy can name it by port only, and
    by networks where they are known.

    Args:
        party: the pods.
        networks: those that its addresses are in; by port only when empty.
    """
    rule: Manifest = {"ports": [{"port": port, "protocol": "TCP"} for port in API_SERVER_PORTS]}
    if networks:
        rule["to"] = [{"ipBlock": {"cidr": network}} for network in networks]
    return _policy(dns_label(party.name, "to-api-server"), party, {"policyTypes": ["Egress"], "egress": [rule]})


def identity_agent_egress(party: Party) -> Manifest:
    """Allows pods that have a role on AWS to fetch its credentials from the agent of their node."""
    rule = {
        "to": [{"ipBlock": {"cidr": address}} for address in IDENTITY_AGENT],
        "ports": [{"port": IDENTITY_AGENT_PORT, "protocol": "TCP"}],
    }
    name = dns_label(party.name, "to-identity-agent")
    return _policy(name, party, {"policyTypes": ["Egress"], "egress": [rule]})


def _peer(party: Party) -> Manifest:
    return {
        "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: party.namespace}},
        "podSelector": {"matchLabels": dict(party.selector)},
    }


def _policy(name: str, party: Party, rules: Manifest) -> Manifest:
    return _manifest(name, party.namespace, {"podSelector": {"matchLabels": dict(party.selector)}, **rules})


def _namespace_policy(name: str, namespace: str, rules: Manifest) -> Manifest:
    return _manifest(name, namespace, {"podSelector": {}, **rules})


def _manifest(name: str, namespace: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
