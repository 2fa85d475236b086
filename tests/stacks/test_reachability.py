"""What is declared is allowed and everything else is refused: over what is rendered, by two implementations."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.environments import Environment, valid_environments
from tests.support.reachability import Peer, Port, cyclonus_reachable, mesh_reachable, reachable
from tests.support.reachability_worlds import TUNNEL, World, committed_world, world

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
STACKS = ("local", "dev", "prod")
FAST, FULL = 4, 100
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example renders a whole environment: a smaller failing one would take longer to find than to understand."""

every_stack = pytest.mark.parametrize("stack", STACKS)


@cache
def committed(stack: str) -> World:
    return committed_world(stack)


def check_network(place: World) -> None:
    """Exactly the declared connections pass the network."""
    found, expected = reachable(place.policies, place.peers, place.ports), place.expected()
    assert place.named(expected - found) == [], "declared, but refused"
    assert place.named(found - expected) == [], "not declared, but allowed"


def check_mesh(place: World) -> None:
    """Exactly the declared connections pass the mesh, and with them the network."""
    inside = [index for index, peer in enumerate(place.peers) if peer.namespace in place.namespaces]
    found = {
        (place.peers[a].party, place.peers[b].party, port)
        for a, b, port in mesh_reachable(place.authorizations, place.peers, place.ports)
        if b in inside and port.protocol == "TCP"
    }
    assert found == place.declared()


def test_an_operator_that_is_installed_has_the_same_connections():
    check_network(committed_world("prod", operators={"mode": "install"}))


@every_stack
def test_exactly_the_declared_connections_pass_the_network(stack: str):
    check_network(committed(stack))


@every_stack
def test_exactly_the_declared_connections_pass_the_mesh(stack: str):
    check_mesh(committed(stack))


@pytest.mark.integration
@every_stack
def test_two_implementations_agree_on_every_pair_and_port(stack: str):
    place = committed(stack)
    mine = reachable(place.policies, place.peers, place.ports)
    theirs = cyclonus_reachable(place.policies, place.peers, place.ports)
    assert place.named(mine ^ theirs) == []


def test_the_edges_of_local_are_these():
    found: dict[str, set[str]] = {}
    for client, server, port in committed("local").declared():
        names = [re.sub("-[0-9a-f]{8}$", "", party.rpartition("/")[2]) for party in (client, server)]
        found.setdefault(f"{names[1]}:{port.number}", set()).add(names[0])
    tenants = {"trading-desk", "analytics", "external-partner"}
    services = {"price-feed", "schema-registry", "stream-analytics", "stream-gateway", "prediction-consumer"}
    assert found == {
        "kafka:9092": {"kafka-topics", *services, *tenants},
        "postgresql:5432": {"feature-job", "mlflow-server", "model-training"},
        "redis:6379": {"feature-job", "feature-server"},
        "mlflow-server:5000": {"model-server", "model-training"},
        "feature-server:8080": {"prediction-consumer"},
        "model-server:8080": {"prediction-consumer"},
    }


def test_every_pod_that_is_made_has_its_place_in_the_graph():
    for stack in STACKS:
        place = committed(stack)
        parties = {str(member.party) for member in place.wiring.members}
        assert {peer.party for peer in place.peers if peer.party} == parties


@settings(
    max_examples=FAST,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=NO_SHRINKING,
)
@given(environment=valid_environments(), tenants=st.integers(min_value=0, max_value=4))
def test_in_every_environment_exactly_what_is_declared_passes(environment: Environment, tenants: int):
    place = world(environment.stack, environment.values, tenants)
    check_network(place)
    check_mesh(place)


@pytest.mark.soak
@settings(max_examples=FULL, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
@given(environment=valid_environments(), tenants=st.integers(min_value=0, max_value=12))
def test_in_every_environment_both_implementations_agree(environment: Environment, tenants: int):
    place = world(environment.stack, environment.values, tenants)
    check_network(place)
    check_mesh(place)
    mine = reachable(place.policies, place.peers, place.ports)
    assert place.named(mine ^ cyclonus_reachable(place.policies, place.peers, place.ports)) == []


def _without(place: World, *names: str) -> list[Any]:
    kept = [policy for policy in place.policies if policy["metadata"]["name"] not in names]
    assert len(kept) < len(place.policies)
    return kept


def test_the_check_sees_a_policy_that_is_missing():
    place = committed("local")
    for name in ("stream-gateway-to-kafka-clients", "kafka-clients-from-stream-gateway"):
        found = reachable(_without(place, name), place.peers, place.ports)
        lost = place.named(place.expected() - found)
        assert any("stream-gateway -> kafka " in line for line in lost), name
        assert not found - place.expected()


def test_the_check_sees_a_namespace_that_is_open():
    place = committed("local")
    # Allowing DNS and probes isolates every pod too, so all three must be gone.
    found = reachable(_without(place, "default-deny", "allow-dns", "allow-probes"), place.peers, place.ports)
    more = place.named(found - place.expected())
    assert any("stranger in elsewhere -> stranger in platform-streaming" in line for line in more)


def test_the_check_sees_a_server_that_the_mesh_leaves_open():
    place = committed("local")
    left = [item for item in place.authorizations if item["metadata"]["namespace"] != "platform-streaming"]
    allowed = mesh_reachable(left, place.peers, [Port(9092)])
    assert any("stranger in elsewhere -> kafka " in line for line in place.named(allowed))


def test_a_tunnel_is_open_between_declared_pairs_only():
    place = committed("prod")
    pairs = {(client, server) for client, server, _ in place.declared()}
    ours = {
        (place.peers[a].party, place.peers[b].party)
        for a, b, port in reachable(place.policies, place.peers, [TUNNEL])
        if place.peers[b].namespace in place.namespaces and place.peers[a].namespace
    }
    assert ours == pairs


def test_a_pod_of_a_tenant_with_the_label_but_another_account_is_refused_by_the_mesh():
    place = committed("prod")
    client = next(peer for peer in place.peers if peer.party == "tenant-analytics/analytics")
    broker = next(peer for peer in place.peers if peer.name == "kafka-broker")
    thief = Peer("thief", "10.9.9.9", client.namespace, client.labels, client.namespace_labels, account="default")
    peers = [client, thief, broker]
    assert {a for a, b, _ in mesh_reachable(place.authorizations, peers, [Port(9093)]) if b == 2} == {0}
