import pytest

from sandbox.control_plane.nodes import SIMULATED_LABEL, NodeSize, node_manifests, sizes_from_json
from sandbox.errors import ConfigurationError


def test_nodes_are_dealt_over_three_zones():
    zones = [
        node["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for node in node_manifests([NodeSize("1", "1Gi", count=4)])
    ]
    assert zones == ["local-a", "local-b", "local-c", "local-a"]


def test_a_node_has_the_size_that_was_asked_for_and_its_labels():
    (node,) = node_manifests([NodeSize("16", "64Gi", pods=58, labels={"gpu": "true"})])
    assert node["status"]["allocatable"]["cpu"] == "16"
    assert node["status"]["capacity"]["memory"] == "64Gi"
    assert node["status"]["allocatable"]["pods"] == "58"
    assert node["metadata"]["labels"]["gpu"] == "true"
    assert node["metadata"]["labels"][SIMULATED_LABEL] == "true"


def test_nodes_of_several_sizes_have_names_of_their_own():
    names = [node["metadata"]["name"] for node in node_manifests([NodeSize("1", "1Gi", 2), NodeSize("2", "2Gi", 2)])]
    assert names == ["node-000", "node-001", "node-002", "node-003"]


@pytest.mark.parametrize("count", [0, 501])
def test_too_few_and_too_many_nodes_are_refused_with_the_limit(count: int):
    with pytest.raises(ConfigurationError, match=f"{count} nodes was asked for; it takes 1 to 500"):
        node_manifests([NodeSize("1", "1Gi", count=count)])


def test_sizes_survive_a_round_trip_through_json():
    sizes = (NodeSize("1", "1Gi", 2, 30, {"a": "b"}), NodeSize("2", "2Gi"))
    assert sizes_from_json([size.to_json() for size in sizes]) == sizes
