import pytest

from infra.core.catalog.users import KafkaUser
from infra.core.errors import ConfigurationError
from infra.core.wiring import Edge, External, Member, Party
from tests.support.wirings import (
    HTTP,
    KAFKA,
    NAMESPACES,
    READER,
    SERVER,
    SQL,
    client,
    kafka,
    member,
    server,
    wire,
    wired,
)

USER = KafkaUser.model_validate({"owner": "me", "tenant": "platform", "consumes": ["events"]})


def refusal(*members: Member, users: dict[str, KafkaUser] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        wired(*members, users=users)
    (problem,) = caught.value.problems
    return str(problem)


def test_edges_are_in_one_order_whatever_the_order_of_their_declaration():
    members = [server(), client("a", "two", HTTP), client("b", "one", HTTP)]
    edges = wired(*members).edges
    assert [str(edge.client) for edge in edges] == ["one/b", "two/a"]
    assert wired(*reversed(members)).edges == edges


def test_a_cycle_is_allowed():
    a, b = Party.of_workload("a", "one"), Party.of_workload("b", "one")
    graph = wired(
        member(a, serves=(a.offer("x", 1),), edges=(Edge(client=a, offer=b.offer("y", 2)),)),
        member(b, serves=(b.offer("y", 2),), edges=(Edge(client=b, offer=a.offer("x", 1)),)),
    )
    assert len(graph.edges) == 2


def test_an_edge_to_a_port_that_is_not_served_names_what_is():
    text = refusal(server(), client("client", "two", SERVER.offer("grpc", 81)))
    assert text.startswith("component testing: two/client.uses is one/server:grpc (81)")
    assert "one/server serves http (80), kafka (9092), sql (5432)" in text


def test_an_edge_to_another_number_than_the_servers_is_refused():
    assert "serves http (80)" in refusal(server(), client("client", "two", SERVER.offer("http", 8080)))


def test_an_edge_to_nothing_that_runs_suggests_what_does():
    text = refusal(server(), client("client", "two", Party.of_workload("servr", "one").offer("http", 80)))
    assert "nothing of that name runs. Did you mean one/server?" in text


def test_an_edge_twice_is_refused():
    assert "two/client.uses is one/server:http (80): declared twice" in refusal(
        server(), client("client", "two", HTTP, HTTP)
    )


def test_an_edge_to_oneself_is_refused_unless_it_is_between_replicas():
    edge = Edge(client=SERVER, offer=HTTP)
    assert "an edge to itself" in refusal(server(edges=(edge,)))
    peers = edge.model_copy(update={"between_replicas": True})
    assert wired(server(edges=(peers,))).edges == (peers,)


def test_an_edge_of_somebody_else_is_refused():
    stranger = Edge(client=Party.of_workload("stranger", "two"), offer=HTTP)
    assert "an edge of somebody else" in refusal(server(), member(Party.of_workload("a", "two"), edges=(stranger,)))


def test_a_party_in_no_namespace_is_refused_with_the_nearest_one():
    assert "two-client" not in refusal(client("client", "twoo"))
    assert refusal(client("client", "twoo")).endswith("no namespace twoo. Did you mean two?")


def test_a_party_declared_in_yaml_is_refused_with_its_file_and_field():
    declared = client("client", "three").model_copy(update={"file": "infra/catalog/x.yaml", "entry": "users.client"})
    assert refusal(declared).startswith("infra/catalog/x.yaml: users.client is three/client: no namespace three")


def test_a_party_twice_is_refused():
    assert "declared twice, also by component testing" in refusal(server(), server())


def test_parties_whose_pods_cannot_be_told_apart_are_refused():
    narrow = Party(name="narrow", namespace="one", selector={**SERVER.selector, "more": "x"})
    assert "the policies of one/server would select its pods too" in refusal(member(narrow), server())


def test_two_policies_of_one_name_are_refused():
    c, b_to_c = Party.of_workload("c", "one"), Party.of_workload("b-to-c", "one")
    text = refusal(
        *(member(party, serves=(party.offer("x", 1),)) for party in (c, b_to_c)),
        client("a-to-b", "one", c.offer("x", 1)),
        client("a", "one", b_to_c.offer("x", 1)),
    )
    assert "would have the name a-to-b-to-c-x of another" in text


def test_a_server_with_accounts_is_used_as_somebody():
    assert "clients must have a kafka account there" in refusal(server(), client("client", "two", KAFKA))


def test_a_login_of_the_wrong_kind_is_refused():
    assert "takes a kafka login, not one of postgresql" in refusal(server(), client("client", "two", (KAFKA, READER)))
    assert "takes no login, not one of postgresql" in refusal(server(), client("client", "two", (HTTP, READER)))
    assert wired(server(), client("client", "two", (SQL, READER))).edges[0].login == READER


def test_a_kafka_user_who_is_not_in_the_catalog_is_refused():
    text = refusal(server(), client("client", "two", kafka("gatevay")), users={"gateway": USER})
    assert "no such user in infra/catalog/kafka-users.yaml. Did you mean gateway?" in text


def test_an_administrator_is_known_without_the_catalog():
    members = [server(), client("client", "two", kafka("admin"))]
    assert wire(members, namespaces=NAMESPACES, users={}, administrators=["admin"]).edges


def test_a_host_outside_twice_is_refused():
    host = External(host="api.example.org")
    assert "api.example.org:443: declared twice" in refusal(client("client", "two", host, host))


def test_one_host_and_port_with_two_protocols_is_refused():
    text = refusal(
        client("a", "two", External(host="api.example.org")),
        client("b", "two", External(host="api.example.org", protocol="TCP")),
    )
    assert "two/a speaks HTTPS there, not TCP" in text


def test_every_problem_is_named_at_once():
    with pytest.raises(ConfigurationError) as caught:
        wired(server(), client("client", "three", HTTP, HTTP, KAFKA))
    assert len(caught.value.problems) == 3
