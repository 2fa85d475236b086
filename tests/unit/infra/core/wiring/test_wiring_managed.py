"""Managed services in the wiring: used like an offer, reached at private addresses."""

from typing import Any

import pytest

from infra.core.labels import Ownership
from infra.core.wiring import External, ManagedService, Member, OutsideEdge, Party, wire
from infra.core.wiring.mesh import service_entry
from infra.core.wiring.network import outside_policy
from infra.core.wiring.report import wiring_report

BLOCKS = ("10.20.0.0/19", "10.20.32.0/19")
DATABASE = ManagedService.of("database", "prod", 5432, BLOCKS)
CLIENT = Party.of_workload("tracker", "platform-ml")


def member(*targets: External) -> Member:
    edges = tuple(OutsideEdge(client=CLIENT, target=target) for target in targets)
    ownership = Ownership(environment="prod", owner="ml", cost_centre="cc")
    return Member(party=CLIENT, component="ml", ownership=ownership, outside=edges)


def policy(target: External) -> dict[str, Any]:
    return outside_policy(OutsideEdge(client=CLIENT, target=target))["spec"]["egress"][0]


def test_a_client_reaches_one_port_in_the_services_subnets_and_nothing_else():
    rule = policy(DATABASE)
    assert rule["ports"] == [{"port": 5432, "protocol": "TCP"}]
    assert [peer["ipBlock"] for peer in rule["to"]] == [{"cidr": block} for block in BLOCKS]


def test_a_host_outside_stays_out_of_every_private_network():
    for peer in policy(External(host="api.example.com"))["to"]:
        assert peer["ipBlock"]["except"]


def test_the_mesh_hears_of_it_by_address_and_of_a_host_outside_by_name():
    inside = service_entry("platform-ml", DATABASE.host, [DATABASE])["spec"]
    assert (inside["resolution"], inside["addresses"]) == ("NONE", [*BLOCKS])
    assert inside["ports"] == [{"name": "tcp-5432", "number": 5432, "protocol": "TCP"}]
    outside = service_entry("platform-ml", "api.example.com", [External(host="api.example.com")])["spec"]
    assert outside["resolution"] == "DNS"
    assert "addresses" not in outside


def test_it_stands_in_the_graph_and_in_its_report():
    wiring = wire([member(DATABASE)], namespaces=["platform-ml"], users={})
    assert [str(edge.target) for edge in wiring.outside] == ["database.prod.managed.internal:5432"]
    assert "| database.prod.managed.internal | 5432 (TCP) |" in wiring_report(wiring)


def test_it_can_be_told_from_a_host_of_the_same_name():
    assert ManagedService.of("database", "prod", 5432, BLOCKS[:1]) != DATABASE
    assert hash(DATABASE) == hash(ManagedService.of("database", "prod", 5432, BLOCKS))


@pytest.mark.parametrize("block", ["8.8.8.0/24", "0.0.0.0/0", "here", "10.20.0.1/19"])
def test_only_private_networks_are_taken(block: str):
    with pytest.raises(ValueError, match="blocks"):
        ManagedService.of("database", "prod", 5432, (block,))
