from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.core.wiring import (
    NAMESPACE_LABEL,
    Edge,
    External,
    Offer,
    OutsideEdge,
    Party,
    allow_probes,
    api_server_egress,
    default_deny,
    dns_egress,
)
from infra.core.wiring.network import edge_policies, labelled_edge_policies, labelled_outside_policy

TUNNEL = 15008
few = settings(max_examples=40)
names = st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True)
parties = st.builds(Party.of_workload, names, names)
offers = st.builds(
    Offer,
    party=parties,
    port_name=names.map(lambda name: name[:15]),
    port=st.integers(1, 65535),
    protocol=st.just("TCP"),
)
edges = st.builds(Edge, client=parties, offer=offers)


def admits(policy: dict[str, Any], direction: str, other: Party, port: int) -> bool:
    """What the Kubernetes documentation says that a policy with these rules admits."""
    for rule in policy["spec"].get(direction, []):
        peers = rule["to" if direction == "egress" else "from"]
        ports = [entry["port"] for entry in rule["ports"]]
        for peer in peers:
            same_namespace = peer["namespaceSelector"]["matchLabels"] == {NAMESPACE_LABEL: other.namespace}
            if same_namespace and peer["podSelector"]["matchLabels"] == other.selector and port in ports:
                return True
    return False


@few
@given(edges)
def test_both_sides_of_a_declared_edge_are_opened_for_its_port(edge: Edge):
    egress, ingress = edge_policies(edge)
    assert egress["metadata"]["namespace"] == edge.client.namespace
    assert ingress["metadata"]["namespace"] == edge.offer.party.namespace
    assert egress["spec"]["podSelector"]["matchLabels"] == edge.client.selector
    assert ingress["spec"]["podSelector"]["matchLabels"] == edge.offer.party.selector
    assert admits(egress, "egress", edge.offer.party, edge.offer.port)
    assert admits(ingress, "ingress", edge.client, edge.offer.port)


@few
@given(edges, parties, st.integers(1, 65535))
def test_nobody_else_and_no_other_port_is_admitted(edge: Edge, stranger: Party, port: int):
    egress, ingress = edge_policies(edge)
    if stranger != edge.client:
        assert not admits(ingress, "ingress", stranger, edge.offer.port)
    if stranger != edge.offer.party:
        assert not admits(egress, "egress", stranger, edge.offer.port)
    if port not in (edge.offer.port, TUNNEL):
        assert not admits(ingress, "ingress", edge.client, port)


@few
@given(edges)
def test_names_fit_and_the_role_does_not_depend_on_the_client(edge: Edge):
    roles = [role for role, _ in labelled_edge_policies(edge, {"a": "b"})]
    near = edge.client.namespace == edge.offer.party.namespace
    server = f"{edge.offer.party.name}-{edge.offer.port_name}"
    server = server if near else f"{edge.offer.party.namespace}-{server}"
    assert roles == [f"egress-{server}", f"ingress-{server}"]
    assert all(len(policy["metadata"]["name"]) <= 63 for policy in edge_policies(edge))


def test_a_namespace_denies_everything_and_allows_dns_only():
    assert default_deny("x")["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (rule,) = dns_egress("x")["spec"]["egress"]
    assert rule["ports"] == [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    assert rule["to"][0]["namespaceSelector"]["matchLabels"] == {NAMESPACE_LABEL: "kube-system"}


def test_an_operator_reaches_the_api_server_by_port_only():
    policy = api_server_egress(Party.of_workload("operator", "operators"))
    assert policy["spec"]["egress"] == [
        {"ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]}
    ]


def test_where_the_networks_of_the_api_server_are_known_no_other_address_is_open():
    policy = api_server_egress(Party.of_workload("server", "serving"), ["10.20.0.0/16"])
    (rule,) = policy["spec"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "10.20.0.0/16"}}]
    assert [port["port"] for port in rule["ports"]] == [443, 6443]


def test_the_tunnel_of_the_mesh_is_opened_for_the_same_pair_and_for_no_udp():
    client, server = Party.of_workload("a", "one"), Party.of_workload("b", "two")
    egress, ingress = edge_policies(Edge(client=client, offer=server.offer("http", 80)))
    for (rule,) in (egress["spec"]["egress"], ingress["spec"]["ingress"]):
        assert rule["ports"] == [{"port": 80, "protocol": "TCP"}, {"port": TUNNEL, "protocol": "TCP"}]
    udp = Offer(party=server, port_name="dns", port=53, protocol="UDP")
    assert edge_policies(Edge(client=client, offer=udp))[0]["spec"]["egress"][0]["ports"] == [
        {"port": 53, "protocol": "UDP"}
    ]


def test_clients_of_one_name_in_two_namespaces_have_policies_of_their_own():
    server = Party.of_workload("server", "platform").offer("http", 80)
    names = {
        policy["metadata"]["name"]
        for namespace in ("one", "two")
        for policy in edge_policies(Edge(client=Party.of_workload("notebook", namespace), offer=server))[1:]
    }
    assert names == {"server-http-from-one-notebook", "server-http-from-two-notebook"}


def test_probes_are_admitted_from_the_one_address_that_the_mesh_gives_them():
    (rule,) = allow_probes("x")["spec"]["ingress"]
    assert rule == {"from": [{"ipBlock": {"cidr": "169.254.7.127/32"}}]}
    assert allow_probes("x")["spec"]["policyTypes"] == ["Ingress"]


def test_a_host_outside_is_reached_at_public_addresses_and_its_port_only():
    edge = OutsideEdge(client=Party.of_workload("feed", "x"), target=External(host="api.example.org", port=8443))
    role, policy = labelled_outside_policy(edge, {"a": "b"})
    assert role == "egress-api.example.org-8443"
    assert policy["metadata"] == {
        "name": policy["metadata"]["name"],
        "namespace": "x",
        "labels": {"a": "b"},
    }
    (rule,) = policy["spec"]["egress"]
    assert rule["ports"] == [{"port": 8443, "protocol": "TCP"}]
    v4, v6 = (peer["ipBlock"] for peer in rule["to"])
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(v4["except"])
    assert v6["except"] == ["fc00::/7", "fe80::/10"]


@pytest.mark.parametrize("host", ["*.example.org", "example", "10.0.0.1", "Example.org", "example.org/path", ""])
def test_a_host_outside_must_be_one_full_name(host: str):
    with pytest.raises(ValidationError, match="host"):
        External(host=host)
