from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra.core.wiring import NAMESPACE_LABEL, Edge, Offer, Party, api_server_egress, default_deny, dns_egress

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


@given(edges)
def test_both_sides_of_a_declared_edge_are_opened_for_its_port(edge: Edge):
    egress, ingress = edge.policies()
    assert egress["metadata"]["namespace"] == edge.client.namespace
    assert ingress["metadata"]["namespace"] == edge.offer.party.namespace
    assert egress["spec"]["podSelector"]["matchLabels"] == edge.client.selector
    assert ingress["spec"]["podSelector"]["matchLabels"] == edge.offer.party.selector
    assert admits(egress, "egress", edge.offer.party, edge.offer.port)
    assert admits(ingress, "ingress", edge.client, edge.offer.port)


@given(edges, parties, st.integers(1, 65535))
def test_nobody_else_and_no_other_port_is_admitted(edge: Edge, stranger: Party, port: int):
    egress, ingress = edge.policies()
    if stranger != edge.client:
        assert not admits(ingress, "ingress", stranger, edge.offer.port)
    if stranger != edge.offer.party:
        assert not admits(egress, "egress", stranger, edge.offer.port)
    if port != edge.offer.port:
        assert not admits(ingress, "ingress", edge.client, port)


@given(edges)
def test_names_fit_and_the_role_does_not_depend_on_the_client(edge: Edge):
    roles = [role for role, _ in edge.labelled_policies({"a": "b"})]
    server = f"{edge.offer.party.name}-{edge.offer.port_name}"
    assert roles == [f"egress-{server}", f"ingress-{server}"]
    assert all(len(policy["metadata"]["name"]) <= 63 for policy in edge.policies())


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
