"""The two implementations of reachability agree on policies that the program never writes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.reachability import Peer, Port, cyclonus_reachable, reachable

NAMESPACES = ("one", "two")
KEYS, VALUES = ("app", "tier"), ("a", "b")
PORTS = [Port(80), Port(443), Port(8080), Port(80, "UDP")]
PEERS = [
    Peer(
        f"{namespace}-{index}",
        f"10.0.{place}.{index}",
        namespace,
        dict(zip(KEYS, labels, strict=False)),
        {"kubernetes.io/metadata.name": namespace, "team": "x" if place else "y"},
    )
    for place, namespace in enumerate(NAMESPACES)
    for index, labels in enumerate((("a",), ("b", "a"), ("a", "b"), ()), start=1)
] + [Peer("near", "192.168.1.1"), Peer("far", "93.184.215.14")]

# NotIn is left out: about a pod without the key cyclonus 0.5.6 says no, where Kubernetes says yes (apimachinery,
# labels.Requirement.Matches); the next test says what ours does.
expressions = st.one_of(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(KEYS),
            "operator": st.just("In"),
            "values": st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True),
        }
    ),
    st.fixed_dictionaries({"key": st.sampled_from(KEYS), "operator": st.sampled_from(("Exists", "DoesNotExist"))}),
)
selectors = st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2),
        "matchExpressions": st.lists(expressions, max_size=2),
    },
)
namespace_selectors = st.sampled_from(
    ({}, {"matchLabels": {"team": "x"}}, {"matchLabels": {"kubernetes.io/metadata.name": "two"}})
)
blocks = st.sampled_from(
    (
        {"cidr": "0.0.0.0/0"},
        {"cidr": "0.0.0.0/0", "except": ["192.168.0.0/16", "10.0.0.0/8"]},
        {"cidr": "93.184.215.14/32"},
        {"cidr": "10.0.1.0/30"},
    )
)
others = st.one_of(
    st.fixed_dictionaries({"podSelector": selectors}),
    st.fixed_dictionaries({"namespaceSelector": namespace_selectors}),
    st.fixed_dictionaries({"namespaceSelector": namespace_selectors, "podSelector": selectors}),
    st.fixed_dictionaries({"ipBlock": blocks}),
)
open_ports = st.one_of(
    st.fixed_dictionaries({"port": st.sampled_from((80, 443))}, optional={"protocol": st.sampled_from(("TCP", "UDP"))}),
    st.fixed_dictionaries({"protocol": st.sampled_from(("TCP", "UDP"))}),
    st.just({"port": 81, "endPort": 9000, "protocol": "TCP"}),
)


def rules(side: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    rule = st.fixed_dictionaries(
        {}, optional={side: st.lists(others, max_size=2), "ports": st.lists(open_ports, max_size=2)}
    )
    return st.lists(rule, max_size=2)


specs = st.fixed_dictionaries(
    {
        "podSelector": selectors,
        "policyTypes": st.sampled_from((["Ingress"], ["Egress"], ["Ingress", "Egress"])),
    },
    optional={"ingress": rules("from"), "egress": rules("to")},
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMESPACES), specs), max_size=4))
def test_both_decide_alike_about_random_policies(made: list[tuple[str, dict[str, Any]]]):
    policies = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"policy-{index}", "namespace": namespace},
            "spec": spec,
        }
        for index, (namespace, spec) in enumerate(made)
    ]
    assert reachable(policies, PEERS, PORTS) ^ cyclonus_reachable(policies, PEERS, PORTS) == set()


def test_not_in_selects_pods_without_the_key_as_kubernetes_does():
    selector = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}
    spec = {"podSelector": selector, "policyTypes": ["Ingress"]}
    policy = {"metadata": {"name": "p", "namespace": "one"}, "spec": spec}
    closed = {peer.name for b, peer in enumerate(PEERS) if (9, b, Port(80)) not in reachable([policy], PEERS, PORTS)}
    assert closed == {"one-2", "one-4"}
