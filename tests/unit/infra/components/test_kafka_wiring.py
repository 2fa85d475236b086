"""Kafka's place in the graph: who is a client, as which user, and that both are declared once."""

from __future__ import annotations

import pytest

from infra.components.streaming import single_broker, strimzi_layout
from infra.components.streaming.access import KafkaAccess, tenant_client, tenant_member
from infra.core.catalog.users import KafkaUser
from infra.core.errors import ConfigurationError
from infra.core.labels import Ownership
from infra.core.wiring import KafkaLogin, Member, wire

OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
NAMESPACES = ("platform-streaming", "platform-operators", "tenant-desk")
USER = KafkaUser.model_validate({"owner": "me", "tenant": "desk", "consumes": ["events"]})


def desk(access: KafkaAccess) -> Member:
    return tenant_member(tenant_client("desk", "tenant-desk"), access, OWNERSHIP)


def test_pods_of_the_operator_are_parties_with_the_accounts_that_it_gives_them():
    graph = wire(strimzi_layout.members(OWNERSHIP), namespaces=NAMESPACES, users={})
    assert {member.party.principal.rsplit("/", 1)[1] for member in graph.members} == {
        "kafka-kafka",
        "kafka-entity-operator",
        "strimzi-cluster-operator",
    }
    assert all(member.api_server for member in graph.members)
    ((brokers, edges),) = graph.servers()
    assert [offer.port for offer in brokers.serves] == [8443, 9090, 9091, 9093]
    assert {edge.between_replicas for edge in edges if edge.client == brokers.party} == {True}


def test_a_tenant_reaches_kafka_as_the_user_that_its_pods_name():
    access = strimzi_layout.access()
    graph = wire([*strimzi_layout.members(OWNERSHIP), desk(access)], namespaces=NAMESPACES, users={"desk": USER})
    (edge,) = [edge for edge in graph.edges if edge.client.namespace == "tenant-desk"]
    assert edge.login == KafkaLogin(user="desk")
    assert edge.client.selector == {"platform/kafka-user": "desk"}
    assert edge.client.principal == "cluster.local/ns/tenant-desk/sa/kafka-desk"


def test_a_user_that_the_catalog_does_not_have_is_refused_with_its_file():
    with pytest.raises(ConfigurationError, match=r"kafka-users.yaml: users.desk is desk: no such user"):
        wire([*strimzi_layout.members(OWNERSHIP), desk(strimzi_layout.access())], namespaces=NAMESPACES, users={})


def test_a_client_must_say_as_whom_it_uses_kafka_in_either_flavour():
    for access in (single_broker.access(), strimzi_layout.access()):
        assert access.offer.login == "kafka"
        assert access.use("desk").login == KafkaLogin(user="desk")
