"""Addresses, nodes and documents of the network and the cluster."""

import ipaddress
import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.components.foundation.cluster_layout import ClusterArgs, key_alias_arn, key_policy, kubeconfig
from infra.components.foundation.cluster_layout import usages as cluster_usages
from infra.components.foundation.network_layout import (
    INTERFACES,
    MOST_INTERFACES,
    NetworkArgs,
    aws_network,
    flow_log_trust,
    s3_endpoint_policy,
    zones_of,
)
from infra.components.foundation.network_layout import usages as network_usages
from infra.components.foundation.node_layout import (
    GPU_TAINT,
    SPOT_TAINT,
    GpuNodes,
    NodeGroupSpec,
    node_groups,
    nodes_for,
    packed,
    usable,
)
from infra.core.cost.usage import HOURS_A_MONTH, Running
from infra.core.quantity import Compute, gibibytes
from infra.stacks.files import read_catalog

NODE = Compute(8000, gibibytes(32))
LETTERS = "abcdef"
amounts = st.builds(Compute, st.integers(1, 7000), st.integers(1, gibibytes(28)))


def network(**changes: Any) -> NetworkArgs:
    given = {
        "name": "platform",
        "account_id": "444455556666",
        "region": "us-east-1",
        "zones": ("a", "b", "c"),
        "cidr": "10.20.0.0/16",
        "gateways": 3,
        "endpoints": True,
    }
    return NetworkArgs(**(given | changes))


def cluster(**changes: Any) -> ClusterArgs:
    given = {
        "name": "platform",
        "account_id": "444455556666",
        "region": "us-east-1",
        "version": "1.35",
        "administrators": ("deployer",),
        "public_access": (),
        "node_tags": {"Owner": "team"},
        "groups": (NodeGroupSpec(name="on-demand", instance_type="m7i.2xlarge", initial=3, maximum=9),),
    }
    return ClusterArgs(**(given | changes))


@settings(max_examples=30)
@given(bits=st.integers(16, 20), zones=st.integers(2, 6), shared=st.booleans())
def test_subnets_lie_in_the_network_do_not_overlap_and_each_has_a_gateway(bits: int, zones: int, shared: bool):
    args = network(cidr=f"10.0.0.0/{bits}", zones=tuple(LETTERS[:zones]), gateways=1 if shared else zones)
    found = zones_of(args)
    subnets = [ipaddress.ip_network(cidr) for zone in found for cidr in (zone.private, zone.public, zone.endpoints)]
    assert len(found) == zones
    assert all(subnet.subnet_of(ipaddress.ip_network(args.cidr)) for subnet in subnets)
    assert not any(one.overlaps(two) for i, one in enumerate(subnets) for two in subnets[:i])
    # Five addresses of each subnet are AWS's own, and a load balancer wants eight.
    assert min(subnet.num_addresses for subnet in subnets) >= 16
    assert {zone.gateway for zone in found} == set(range(args.gateways))


def test_the_smallest_subnet_of_endpoints_has_an_address_for_each_of_them():
    smallest = ipaddress.ip_network(zones_of(network(cidr="10.0.0.0/20"))[0].endpoints)
    assert smallest.num_addresses - 5 == MOST_INTERFACES >= len(INTERFACES)


def test_aws_is_called_at_the_endpoints_of_every_zone_where_there_are_any():
    inside, outside = aws_network(network()), aws_network(network(endpoints=False))
    assert inside.blocks == ("10.20.248.0/24", "10.20.249.0/24", "10.20.250.0/24")
    assert inside.services == set(INTERFACES)
    assert (outside.blocks, outside.services) == ((), frozenset())


def test_no_bucket_of_a_stranger_is_reached_through_the_endpoint_but_that_of_image_layers():
    own, layers = json.loads(s3_endpoint_policy(network()))["Statement"]
    assert own["Condition"] == {"StringEquals": {"aws:ResourceAccount": "444455556666"}}
    assert (layers["Action"], layers["Resource"]) == (
        "s3:GetObject",
        "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*",
    )


@settings(max_examples=60)
@given(pods=st.lists(amounts, max_size=30))
def test_packed_pods_fit_their_nodes_on_no_fewer_than_arithmetic_allows(pods: list[Compute]):
    total = sum(pods, Compute())
    room = usable(NODE)
    nodes = packed(pods, NODE)
    assert nodes_for(total, NODE) <= nodes <= len(pods)
    assert total.cpu <= nodes * room.cpu
    assert total.memory <= nodes * room.memory


@settings(max_examples=60)
@given(
    pods=st.lists(amounts, max_size=12),
    share=st.integers(0, 100),
    spare=st.tuples(st.integers(0, 300_000), st.integers(0, gibibytes(500))),
    zones=st.integers(2, 6),
    spot=st.booleans(),
)
def test_nodes_hold_the_quota_and_from_the_first_what_the_platform_runs(
    pods: list[Compute], share: int, spare: tuple[int, int], zones: int, spot: bool
):
    platform = sum(pods, Compute())
    quota = Compute(platform.cpu + spare[0] + 1, platform.memory + spare[1] + 1)
    tenants = Compute(spare[0] * share // 100, spare[1] * share // 100)
    groups = node_groups(
        node=NODE, instance_type="t", pods=pods, quota=quota, tenants=tenants, zones=zones, spot=spot, gpu=None
    )
    room = usable(NODE)
    most = sum(group.maximum for group in groups)
    assert most * room.cpu >= quota.cpu
    assert most * room.memory >= quota.memory
    steady = groups[0]
    assert steady.capacity == "ON_DEMAND"
    assert zones <= steady.initial <= steady.maximum
    assert steady.initial >= packed(pods, NODE)
    assert all(group.initial <= group.maximum for group in groups)
    assert (len(groups) == 2) == (spot and tenants.cpu + tenants.memory > 0)


def test_brokers_keep_off_spot_nodes_and_only_who_asks_gets_on_those_with_accelerators():
    given = {"node": NODE, "instance_type": "t", "pods": [Compute(1000, gibibytes(1))], "zones": 3, "spot": True}
    gpu = GpuNodes(instance_type="g6.xlarge", maximum=2)
    quota, tenants = Compute(200_000, gibibytes(400)), Compute(100_000, gibibytes(200))
    steady, spot, accelerated = node_groups(**given, quota=quota, tenants=tenants, gpu=gpu)
    assert (steady.taints, spot.taints, accelerated.taints) == ((), (SPOT_TAINT,), (GPU_TAINT,))
    assert (spot.capacity, spot.initial, accelerated.initial, accelerated.maximum) == ("SPOT", 0, 0, 2)
    assert accelerated.image == "AL2023_x86_64_NVIDIA"


def test_a_pod_larger_than_a_node_is_refused_with_both_sizes():
    with pytest.raises(ValueError, match=r"a pod that asks for .* fits on no node, which has .* for pods"):
        packed([Compute(7500, gibibytes(1))], NODE)


def test_the_keys_policy_lets_in_this_accounts_disks_and_this_clusters_logs_only():
    account, logs, disks = json.loads(key_policy(cluster()))["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}
    assert logs["Condition"]["ArnEquals"] == {
        "kms:EncryptionContext:aws:logs:arn": [
            "arn:aws:logs:us-east-1:444455556666:log-group:/aws/eks/platform/cluster"
        ]
    }
    assert disks["Condition"]["StringEquals"] == {
        "kms:CallerAccount": "444455556666",
        "kms:ViaService": "ec2.us-east-1.amazonaws.com",
    }
    assert key_alias_arn(cluster()) == "arn:aws:kms:us-east-1:444455556666:alias/platform"


def test_flow_logs_are_written_for_this_account_and_region_only():
    (statement,) = json.loads(flow_log_trust("444455556666", "us-east-1"))["Statement"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "444455556666"}
    assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:ec2:us-east-1:444455556666:vpc-flow-log/*"}


def test_clients_get_their_token_from_aws_for_this_cluster_in_this_region_and_keep_no_secret():
    config = json.loads(kubeconfig(cluster(), "https://api.example", "Q0E="))
    (user,) = config["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["args"] == [
        *("eks", "get-token", "--cluster-name", "platform", "--region", "us-east-1", "--output", "json")
    ]
    (server,) = config["clusters"]
    assert server["cluster"] == {"server": "https://api.example", "certificate-authority-data": "Q0E="}


def test_gateways_and_endpoints_are_paid_for_by_the_hour_in_each_zone():
    found = {usage.item: usage.typical for usage in network_usages(network())}
    assert found["NAT gateways"] == 3 * HOURS_A_MONTH
    assert found["endpoints of AWS services"] == 3 * len(INTERFACES) * HOURS_A_MONTH
    shared = {usage.item: usage.typical for usage in network_usages(network(gateways=1, endpoints=False))}
    assert shared == {"NAT gateways": HOURS_A_MONTH, "key": 1}


def test_room_on_nodes_is_what_pods_do_not_pay_for_and_never_below_nothing():
    prices = read_catalog().prices
    node = Compute(prices.node.cores * 1000, prices.node.memory)

    def room(*running: Running) -> Fraction:
        (found,) = [u.typical for u in cluster_usages(cluster(), prices, running) if u.price == prices.node.price]
        return found

    assert room() == 3 * HOURS_A_MONTH
    assert room(Running("one", node, node)) == 2 * HOURS_A_MONTH
    assert room(*[Running("many", node, node)] * 4) == 0
