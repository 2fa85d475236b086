"""KEDA: who it may talk to, what it may do in the cluster, and that it is there for its users only."""

from __future__ import annotations

from typing import Any

import pytest

from infra.components.foundation import event_scaling_layout as layout
from infra.components.foundation import operators_layout, operators_pods, velero_layout
from infra.core.labels import Ownership
from infra.core.quantity import Compute
from infra.core.wiring import Member, wire
from infra.core.workload.autoscale_check import scaler_edges
from infra.stacks.files import read_catalog, read_definitions
from tests.support.event_scaling import BROKER, EVERYTHING, METRICS

NAMESPACE = "platform-operators"
OWNERSHIP = Ownership(environment="prod", owner="team", cost_centre="cc-1")
CHART = read_catalog().charts[layout.KEDA]
PLACE = layout.ScalerPlace(
    namespace=NAMESPACE,
    ownership=OWNERSHIP,
    watched=("platform-serving", "platform-streaming"),
    edges=tuple(scaler_edges(layout.operator(NAMESPACE), [EVERYTHING])),
)
VALUES = layout.values(PLACE, CHART.footprint)
RIGHTS = [*layout.rights(PLACE)]
POLICIES = dict(layout.policies(PLACE))


def rules(kind: str) -> dict[tuple[str | None, str], list[tuple[str, str, frozenset[str]]]]:
    """What each role of a kind allows, by namespace and name: group, resource and verbs."""
    return {
        (manifest["metadata"].get("namespace"), manifest["metadata"]["name"]): [
            (group, resource, frozenset(rule["verbs"]))
            for rule in manifest["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
        ]
        for manifest in RIGHTS
        if manifest["kind"] == kind
    }


def server(offer: Any) -> Member:
    return Member(party=offer.party, component="testing", ownership=OWNERSHIP, serves=(offer,))


def test_it_asks_what_the_triggers_name_and_only_its_metrics_server_asks_it():
    members = [*layout.members(PLACE), server(BROKER), server(METRICS)]
    namespaces = {member.party.namespace for member in members}
    graph = wire(members, namespaces=namespaces, users={}, administrators=["price-sums"])
    assert [f"{edge.client.name} -> {edge.offer}" for edge in graph.edges] == [
        "keda-operator -> platform-streaming/kafka:clients (9093)",
        "keda-operator -> platform-watch/prometheus:http (9090)",
        "keda-operator-metrics-apiserver -> platform-operators/keda-operator:metricsservice (9666)",
    ]
    assert all(member.api_server for member in layout.members(PLACE))


def test_the_mesh_knows_both_by_the_accounts_that_their_pods_run_under():
    named = {manifest["metadata"]["name"] for manifest in layout.accounts(PLACE)}
    assert {pod.party.principal for pod in layout.pods(NAMESPACE)} == {
        f"cluster.local/ns/{NAMESPACE}/sa/{name}" for name in named
    }
    told = VALUES["serviceAccount"]
    assert {told[key]["name"] for key in ("operator", "metricServer")} == named
    assert all(told[key]["create"] is False for key in told)


def test_the_api_server_reaches_the_metrics_server_at_one_port_and_the_operator_at_none():
    from_addresses = {
        role: [port["port"] for rule in manifest["spec"]["ingress"] for port in rule["ports"]]
        for role, manifest in POLICIES.items()
        if any("ipBlock" in peer for rule in manifest["spec"].get("ingress", ()) for peer in rule["from"])
    }
    assert from_addresses == {"keda-operator-metrics-apiserver-ingress-api-server": [layout.SERVING_PORT]}
    assert VALUES["service"]["portHttpsTarget"] == layout.SERVING_PORT


def test_who_may_reach_the_api_server_anywhere_may_not_reach_the_metrics_server():
    taken = {*(443, 6443), operators_layout.WEBHOOK_PORT, operators_layout.METRICS_PORT, operators_pods.KUBELET_PORT}
    assert layout.SERVING_PORT not in taken


def test_the_metrics_server_has_an_identity_in_the_mesh_and_is_called_past_it():
    assert VALUES["podAnnotations"] == {"metricsAdapter": {"ambient.istio.io/bypass-inbound-capture": "true"}}
    assert "istio.io/dataplane-mode" not in str(VALUES)


def test_each_side_of_each_connection_is_opened_where_its_pods_are():
    opened = {(manifest["metadata"]["namespace"], role) for role, manifest in POLICIES.items()}
    assert (NAMESPACE, "keda-operator-egress-platform-streaming-kafka-clients") in opened
    assert ("platform-streaming", "keda-operator-ingress-platform-streaming-kafka-clients") in opened
    assert ("platform-watch", "keda-operator-ingress-platform-watch-prometheus-http") in opened


def test_it_reads_secrets_where_it_scales_and_nowhere_else():
    reads = {
        where
        for kind in ("Role", "ClusterRole")
        for where, allowed in rules(kind).items()
        if any(resource in ("secrets", "*") for _, resource, _ in allowed)
    }
    assert reads == {("platform-serving", "keda-operator"), ("platform-streaming", "keda-operator")}
    assert VALUES["watchNamespace"] == "platform-serving,platform-streaming"
    # Beside it, where its own default is, other operators keep the keys of their authorities.
    assert {each["name"]: each["value"] for each in VALUES["env"]} == {
        "KEDA_CLUSTER_OBJECT_NAMESPACE": "platform-serving"
    }


def test_it_changes_the_size_of_deployments_its_own_objects_and_their_autoscalers():
    reading = {"get", "list", "watch"}
    writes = {resource for allowed in rules("Role").values() for _, resource, verbs in allowed if not verbs <= reading}
    assert writes == {
        "deployments/scale",
        "events",
        "horizontalpodautoscalers",
        "leases",
        "scaledobjects",
        "scaledobjects/finalizers",
        "scaledobjects/status",
        "triggerauthentications",
        "triggerauthentications/status",
    }
    assert all(verbs <= reading for allowed in rules("ClusterRole").values() for _, _, verbs in allowed)


def test_no_right_is_for_every_kind_or_every_verb():
    every = [*rules("Role").values(), *rules("ClusterRole").values()]
    assert not any("*" in (group, resource, *verbs) for allowed in every for group, resource, verbs in allowed)


def test_its_own_roles_take_the_place_of_the_charts():
    assert VALUES["rbac"] == {"create": False}
    assert VALUES["extraObjects"] == [*layout.accounts(PLACE), *RIGHTS]
    bound = {(m["roleRef"]["kind"], m["roleRef"]["name"]) for m in RIGHTS if "roleRef" in m}
    made = {(m["kind"], m["metadata"]["name"]) for m in RIGHTS if "rules" in m}
    assert bound - made == {
        ("ClusterRole", "system:auth-delegator"),
        ("Role", "extension-apiserver-authentication-reader"),
    }


def test_tokens_are_mounted_into_its_pods_only():
    assert all(manifest["automountServiceAccountToken"] is False for manifest in layout.accounts(PLACE))


def test_it_looks_for_every_kind_of_its_own_and_finds_each_defined():
    defined = {
        (crd["spec"]["group"], crd["spec"]["names"]["plural"]): crd["spec"]["scope"]
        for crd in read_definitions(CHART.crds)
    }
    assert len(defined) == 6
    looked_for = {
        (group, resource): "Cluster" if kind == "ClusterRole" else "Namespaced"
        for kind in ("Role", "ClusterRole")
        for allowed in rules(kind).values()
        for group, resource, verbs in allowed
        if group.endswith("keda.sh") and {"list", "watch"} <= verbs
    }
    assert looked_for == defined


def test_a_backup_may_read_the_kinds_of_every_operator():
    groups = {crd["spec"]["group"] for chart in read_catalog().charts.values() for crd in read_definitions(chart.crds)}
    assert groups <= set(velero_layout.GROUPS)


def test_both_deployments_are_sized_and_counted_by_the_footprint_and_keep_one_up():
    pods = layout.pods(NAMESPACE)
    shares = operators_pods.shares({layout.KEDA: CHART}, pods)
    size = Compute(CHART.footprint.cpu, CHART.footprint.memory)
    assert [share.requests for share in shares] == [size * 3, size * 3]
    assert [paid.typical for paid in operators_pods.running({layout.KEDA: CHART}, pods)] == [size * 2, size * 2]
    for key in ("operator", "metricServer"):
        assert VALUES["resources"][key]["limits"] == {"cpu": "100m", "memory": "256Mi"}
        assert VALUES["podDisruptionBudget"][key]["maxUnavailable"] < CHART.footprint.replicas
    assert VALUES["operator"]["replicaCount"] == VALUES["metricsServer"]["replicaCount"] == CHART.footprint.replicas


def test_its_certificate_is_signed_by_the_platforms_own_authority():
    told = VALUES["certificates"]
    assert told["autoGenerated"] is False
    assert told["certManager"]["issuer"] == {"generate": False, "name": "platform-ca", "kind": "Issuer"}


def test_there_is_no_scaler_for_nobody():
    with pytest.raises(ValueError, match="watched"):
        layout.ScalerPlace(namespace=NAMESPACE, ownership=OWNERSHIP, watched=(), edges=())
