"""NET-007 and NET-008 against what the program's own wiring makes of random edges."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.core.wiring import (
    Edge,
    External,
    OutsideEdge,
    Party,
    allow_probes,
    api_server_egress,
    default_deny,
    dns_egress,
)
from infra.core.wiring.network import edge_policies, outside_policy
from policies.rules.network.require_edge_pairs import rule as edge_pairs
from policies.runtime import load_packs
from tests.support.policy_examples import findings_of, resource_from

RULES = load_packs(["network"]).rules
NAMESPACES = ("platform-a", "tenant-b", "tenant-c")
PARTIES = [Party.of_workload(f"{namespace}-w{number}", namespace) for namespace in NAMESPACES for number in range(3)]
NUMBERS = st.integers(0, len(PARTIES) - 1)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(8000, 8003)), min_size=1, max_size=8, unique=True)


def _base() -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = []
    for namespace in NAMESPACES:
        documents.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        documents.append(default_deny(namespace))
    for party in PARTIES:
        pod = {"metadata": {"labels": dict(party.selector)}, "spec": {"containers": [{"name": "it"}]}}
        metadata = {"name": party.name, "namespace": party.namespace}
        documents.append(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": pod}}
        )
    return documents


def _found(rule: str, documents: list[dict[str, Any]]) -> list[str]:
    return [it.address for it in findings_of(RULES[rule], [resource_from(document) for document in documents])]


@settings(max_examples=25, deadline=None)
@given(PAIRS, st.data())
def test_declared_edges_are_whole_and_half_an_edge_is_found(pairs: list[tuple[int, int, int]], data: st.DataObject):
    halves = [
        policy
        for client, server, port in pairs
        for policy in edge_policies(Edge(client=PARTIES[client], offer=PARTIES[server].offer(f"p{port}", port)))
    ]
    documents = _base() + halves
    for rule in ("NET-001", "NET-002", "NET-003", "NET-004", "NET-005", "NET-007", "NET-008", "NET-023"):
        assert _found(rule, documents) == []
    gone = data.draw(st.integers(0, len(halves) - 1))
    other = halves[gone ^ 1]
    name = f"NetworkPolicy {other['metadata']['namespace']}/{other['metadata']['name']}"
    assert name in _found("NET-008", _base() + halves[:gone] + halves[gone + 1 :])


def test_what_the_wiring_opens_beside_edges_is_no_wider_than_the_rules_allow():
    party = PARTIES[0]
    opened = [
        outside_policy(OutsideEdge(client=party, target=External(host="feed.example.com", port=443))),
        api_server_egress(party),
        dns_egress(party.namespace),
        allow_probes(party.namespace),
    ]
    for rule in ("NET-003", "NET-004", "NET-005", "NET-006", "NET-007", "NET-008"):
        assert _found(rule, _base() + opened) == []


def test_a_peer_that_nobody_is_is_found():
    client, server = PARTIES[0], PARTIES[4]
    egress, ingress = edge_policies(Edge(client=client, offer=server.offer("http", 8080)))
    wrong = copy.deepcopy(ingress)
    wrong["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"] = {"app.kubernetes.io/name": "renamed"}
    assert _found("NET-007", [*_base(), egress, wrong]) == [
        f"NetworkPolicy {server.namespace}/{ingress['metadata']['name']}"
    ]


def _comparisons(clients: int, monkeypatch: pytest.MonkeyPatch) -> int:
    count = 0
    answers = edge_pairs._Fabric._answers

    def counted(*arguments: Any) -> bool:
        nonlocal count
        count += 1
        return answers(*arguments)

    documents = _base()
    for number in range(clients):
        home = f"tenant-{number}"
        edge = Edge(client=Party.of_workload("reader", home), offer=PARTIES[0].offer("http", 8080))
        documents.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}})
        documents += [default_deny(home), *edge_policies(edge)]
    with monkeypatch.context() as patch:
        patch.setattr(edge_pairs._Fabric, "_answers", counted)
        assert _found("NET-008", documents) == []
    return count


def test_each_half_of_an_edge_is_compared_with_its_other_half_alone(monkeypatch: pytest.MonkeyPatch):
    assert [_comparisons(clients, monkeypatch) for clients in (10, 40)] == [20, 80]
