"""What the configuration of a cluster that the program makes must look like."""

from typing import Any

import pytest

from infra.config import load_stack_config
from infra.core.errors import ConfigurationError
from infra.stacks.files import read_catalog, read_policies
from infra.stacks.plan import Plan, make_plan
from infra.stacks.platform import PROFILES
from tests.support.pulumi_mocks import configuration

EXISTING = {"kind": "kubeconfig", "context": "ours"}


def refusal(stack: str = "prod", **overrides: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_stack_config(configuration(stack, **overrides), stack)
    return str(caught.value)


def eks(**changes: Any) -> dict[str, Any]:
    return configuration("prod")["eks"] | changes


def planned(stack: str = "prod", **overrides: Any) -> Plan:
    config = load_stack_config(configuration(stack, **overrides), stack)
    return make_plan(
        config,
        read_catalog(),
        PROFILES[stack],
        tag_of=lambda _: "0123",
        policies=read_policies(),
        file="Pulumi.prod.yaml",
    )


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("version", "1.3", "eks.version"),
        ("administrators", [], "eks.administrators is []"),
        ("administrators", ["arn:aws:iam::444455556666:role/x"], "eks.administrators.0"),
        ("publicAccess", ["0.0.0.0/0"], "must have 16 bits or more"),
        ("publicAccess", ["203.0.113.7/24"], "without host bits"),
        ("network", "8.8.0.0/16", "must be a private network of 16 to 20 bits"),
        ("network", "10.0.0.0/8", "must be a private network of 16 to 20 bits"),
        ("network", "here", "must be an IPv4 network"),
        ("zones", ["a", "b"], "must name each of the 3 zones of availability.zones once"),
        ("zones", ["a", "b", "b"], "must name each of the 3 zones of availability.zones once"),
        ("zones", ["a", "b", "us-east-1c"], "eks.zones.2"),
        ("gpu", {"instanceType": "huge", "maximum": 1}, "eks.gpu.instanceType"),
    ],
)
def test_a_field_that_cannot_be_is_refused_by_name(field: str, value: Any, words: str):
    assert words in refusal(eks=eks(**{field: value}))


def test_a_cluster_to_make_must_be_described_and_has_no_context():
    assert "eks is missing: required for cluster.kind eks" in refusal(eks=None)
    assert "cluster.context is ours: only for cluster.kind kubeconfig" in refusal(
        cluster={"kind": "eks", "context": "ours"}
    )


def test_local_makes_no_cluster():
    assert "cluster.kind is eks: must be kubeconfig in local" in refusal("local", cluster={"kind": "eks"}, eks=eks())


def test_a_cluster_that_exists_already_gets_no_network_and_the_classes_of_volumes_that_it_has():
    plan = planned(cluster=EXISTING, applications=None)
    assert plan.network is None
    assert plan.cluster is None
    assert plan.streaming.kafka.storage_class is None


def test_prod_has_a_gateway_in_each_zone_and_dev_one_for_all():
    prod, dev = planned("prod"), planned("dev")
    assert prod.network
    assert dev.network
    assert (prod.network.gateways, prod.network.endpoints) == (3, True)
    assert (dev.network.gateways, dev.network.endpoints) == (1, False)
    assert prod.streaming.kafka.storage_class == "encrypted"


def test_a_pod_that_fits_on_no_node_is_refused_with_the_file_and_the_fix():
    streaming = configuration("prod")["streaming"] | {"broker": {"cpu": "2", "memory": "30Gi"}}
    with pytest.raises(ConfigurationError, match=r"Pulumi.prod.yaml: .*m7i.2xlarge: .*fits on no node.*smaller") as _:
        planned(streaming=streaming)
