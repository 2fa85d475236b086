"""Istio's charts: where they go, what they may use, and what the mesh's policies rely on."""

from __future__ import annotations

from typing import Any

import pytest

from infra.components.edge import istio_layout as layout
from infra.components.edge.mesh_layout import DEFINITIONS
from infra.components.foundation import operators_layout, operators_pods
from infra.components.foundation.node_layout import USABLE_PERCENT
from infra.core.labels import OWNER_LABEL, Ownership
from infra.core.quantity import Compute
from infra.core.wiring.edges import TRUST_DOMAIN
from infra.stacks.files import read_catalog

NAMESPACE = "operators"
OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
CATALOG = read_catalog()
CHARTS = CATALOG.charts
POLICIES = dict(operators_pods.network(layout.pods(NAMESPACE), OWNERSHIP))


def values(chart: str) -> dict[str, Any]:
    return layout.values(chart, CHARTS[chart], NAMESPACE, OWNERSHIP)


def test_the_charts_are_of_one_version_and_that_of_the_definitions():
    (version,) = {CHARTS[chart].version for chart in layout.CHARTS}
    assert all(f"istio-{version}/" in file for file in DEFINITIONS)
    assert values("istiod")["global"]["tag"] == values("istio-cni")["global"]["tag"] == version
    assert values("ztunnel")["tag"] == version


def test_only_the_agents_of_the_nodes_are_outside_of_the_operators_namespace():
    places = {chart: layout.release_namespace(chart, NAMESPACE) for chart in layout.CHARTS}
    assert places == {"istiod": NAMESPACE, "istio-cni": "kube-system", "ztunnel": "kube-system"}


def test_the_agents_find_the_control_plane_and_it_trusts_them_where_they_are():
    assert values("ztunnel")["istioNamespace"] == NAMESPACE
    assert values("istiod")["global"]["istioNamespace"] == NAMESPACE
    assert values("istiod")["trustedZtunnelNamespace"] == layout.release_namespace("ztunnel", NAMESPACE)


def test_the_identities_are_those_that_the_policies_name():
    assert TRUST_DOMAIN == "cluster.local"
    assert "trustDomain" not in values("istiod")["meshConfig"]


def test_no_policy_of_the_control_planes_namespace_holds_for_other_namespaces():
    root = values("istiod")["meshConfig"]["rootNamespace"]
    assert root not in {NAMESPACE, layout.SYSTEM}


def test_hosts_that_nobody_declared_are_not_in_the_meshs_registry():
    assert values("istiod")["meshConfig"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}


def test_the_control_plane_keeps_a_replica_while_it_is_rolled_and_while_a_node_is_emptied():
    found = values("istiod")
    assert found["replicaCount"] == CHARTS["istiod"].footprint.replicas == 2
    assert (found["autoscaleEnabled"], found["rollingMaxSurge"], found["rollingMaxUnavailable"]) == (False, 1, 0)
    assert found["pdb"] == {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    assert found["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"} == found["resources"]["limits"]


@pytest.mark.parametrize("chart", layout.AGENTS)
def test_an_agent_is_limited_in_memory_and_never_held_up_for_cpu(chart: str):
    resources = values(chart)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert resources["limits"] == {"memory": resources["requests"]["memory"]}


def test_what_the_agents_ask_for_is_less_than_half_of_what_node_groups_leave_free():
    node = CATALOG.prices.node
    free = Compute(node.cores * 1000, node.memory).percent(100 - USABLE_PERCENT)
    asked = sum((CHARTS[chart].footprint.total for chart in layout.AGENTS), Compute())
    each = Compute(asked.cpu // 2, asked.memory // 2)  # a total is for one more replica, and each node has one
    assert 2 * each.cpu <= free.cpu
    assert 2 * each.memory <= free.memory


@pytest.mark.parametrize("chart", layout.CHARTS)
def test_every_pod_says_who_answers_for_it_without_a_label_that_the_chart_writes_itself(chart: str):
    labels = values(chart)["podLabels"]
    assert labels[OWNER_LABEL] == "team"
    assert not [key for key in labels if "kubernetes.io/" in key]


@pytest.mark.parametrize("chart", layout.CHARTS)
def test_images_are_of_that_version_and_not_from_the_registry_that_ends(chart: str):
    found = values(chart)
    assert found.get("tag", found.get("global", {}).get("tag")) == CHARTS[chart].version
    assert found.get("hub", found.get("global", {}).get("hub")) == "docker.io/istio"


def test_the_control_plane_can_make_no_pods_and_nobody_reads_the_cluster_for_another_one():
    found = values("istiod")
    assert found["env"] == {"PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER": "false"}
    assert found["global"]["enableReaderRBAC"] is False


def test_the_api_server_and_the_nodes_proxies_reach_exactly_the_ports_that_they_call():
    opened = {
        role: (list(rule["from"][0]), rule["ports"])
        for role, manifest in POLICIES.items()
        for rule in manifest["spec"].get("ingress", [])
    }
    assert opened == {
        "istiod-ingress-api-server": (["ipBlock"], [{"port": 15017, "protocol": "TCP"}]),
        "istiod-ingress-ztunnel": (["namespaceSelector", "podSelector"], [{"port": 15012, "protocol": "TCP"}]),
    }


def test_no_operator_can_be_taken_for_the_control_plane():
    selectors = [pod.party.selector for pod in (*operators_layout.pods(NAMESPACE), *layout.pods(NAMESPACE))]
    assert len({tuple(sorted(selector.items())) for selector in selectors}) == len(selectors)
