from decimal import Decimal
from typing import Any

import pytest

from policies.amounts import shown_amount
from policies.autoscalers import surge_of
from policies.demand import demand_of, fleet_of
from policies.model import Stack
from policies.network_policies import is_everywhere, rules_of
from policies.node import Node
from policies.pod_size import pod_size
from policies.rules.quotas.limit_environment_total.totals import environment_total
from policies.runtime import load_packs
from policies.tenant_shares import tenant_shares
from policies.unknown import UNKNOWN
from tests.support.policy_examples import resource_from


def _container(cpu: str, **more: object) -> dict[str, object]:
    return {"resources": {"requests": {"cpu": cpu}}, **more}


def _demand(kind: str, spec: dict[str, Any], version: str = "apps/v1", *others: dict[str, Any]) -> dict[str, Decimal]:
    resource = resource_from({"apiVersion": version, "kind": kind, "metadata": {"name": "it"}, "spec": spec})
    stack = Stack("prod", [resource, *(resource_from(other) for other in others)])
    return demand_of(resource, fleet_of(stack)).amounts


@pytest.mark.parametrize(
    ("resource", "value", "text"),
    [
        ("requests.cpu", "2.50", "2.5"),
        ("requests.cpu", "100", "100"),
        ("pods", "12", "12"),
        ("limits.memory", "1073741824", "1Gi"),
        ("requests.storage", "1649267441664", "1.5Ti"),
        ("requests.memory", "1536", "1.5Ki"),
        ("requests.memory", "-2147483648", "-2Gi"),
        ("requests.memory", "10", "10"),
    ],
)
def test_an_amount_is_shown_in_the_unit_that_fits(resource: str, value: str, text: str):
    assert shown_amount(resource, Decimal(value)) == text


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [_container("1"), _container("500m")]}, "1.5"),
        ({"containers": [_container("1")], "initContainers": [_container("3"), _container("2")]}, "3"),
        ({"containers": [_container("1")], "initContainers": [_container("1", restartPolicy="Always")]}, "2"),
        (
            {
                "containers": [_container("1")],
                "initContainers": [_container("1", restartPolicy="Always"), _container("2")],
            },
            "3",
        ),
        ({"containers": [_container("1")], "overhead": {"cpu": "250m"}}, "1.25"),
        ({"containers": [_container("1")], "resources": {"requests": {"cpu": "4"}}}, "4"),
        ({"containers": [{"resources": {"limits": {"cpu": "2"}}}]}, "2"),
        ({"containers": [_container("-1"), _container("one")]}, "0.1"),
        ({"containers": [{}]}, "0.1"),
    ],
)
def test_a_pod_counts_as_the_api_server_counts_it(spec: dict[str, Any], cpu: str):
    assert pod_size(Node(spec), {"requests.cpu": Decimal("0.1")})["requests.cpu"] == Decimal(cpu)


@pytest.mark.parametrize(
    ("strategy", "replicas", "surge"),
    [
        ({}, 4, 1),
        ({}, 5, 2),
        ({}, 0, 0),
        ({"type": "Recreate"}, 4, 0),
        ({"rollingUpdate": {"maxSurge": 3}}, 4, 3),
        ({"rollingUpdate": {"maxSurge": "50%"}}, 3, 2),
        ({"rollingUpdate": {"maxSurge": "many"}}, 3, 0),
    ],
)
def test_a_rollout_adds_its_surge(strategy: dict[str, Any], replicas: int, surge: int):
    assert surge_of(Node(strategy), replicas) == surge


@pytest.mark.parametrize(
    ("kind", "version", "spec", "pods"),
    [
        ("DaemonSet", "apps/v1", {"template": {"spec": {}}}, 1),
        ("StatefulSet", "apps/v1", {"replicas": 3, "template": {"spec": {}}}, 3),
        ("Job", "batch/v1", {"parallelism": 4, "completions": 2, "template": {"spec": {}}}, 2),
        ("Job", "batch/v1", {"template": {"spec": {}}}, 1),
        ("RayCluster", "ray.io/v1", {"workerGroupSpecs": [{"replicas": 2, "maxReplicas": 9, "numOfHosts": 2}]}, 5),
        (
            "RayCluster",
            "ray.io/v1",
            {"enableInTreeAutoscaling": True, "workerGroupSpecs": [{"replicas": 2, "maxReplicas": 9}]},
            10,
        ),
        ("FlinkDeployment", "flink.apache.org/v1beta1", {"job": {"parallelism": 5}}, 6),
        ("FlinkDeployment", "flink.apache.org/v1beta1", {"taskManager": {"replicas": 3}}, 4),
        ("Kafka", "kafka.strimzi.io/v1", {"entityOperator": {"userOperator": {}}, "kafkaExporter": {}}, 2),
        ("Kafka", "kafka.strimzi.io/v1", {"kafka": {}}, 0),
        ("Cluster", "postgresql.cnpg.io/v1", {"instances": 3}, 3),
    ],
)
def test_the_pods_of_each_kind_are_counted_at_their_maximum(kind: str, version: str, spec: dict[str, Any], pods: int):
    assert _demand(kind, spec, version).get("pods", Decimal(0)) == pods


def test_the_largest_autoscaler_counts_and_never_makes_less_than_the_replicas():
    def autoscaler(most: int) -> dict[str, Any]:
        target = {"kind": "StatefulSet", "name": "it"}
        return {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": f"to-{most}"},
            "spec": {"scaleTargetRef": target, "maxReplicas": most},
        }

    spec = {"replicas": 3, "template": {"spec": {}}}
    assert _demand("StatefulSet", spec, "apps/v1", autoscaler(2))["pods"] == 3
    assert _demand("StatefulSet", spec, "apps/v1", autoscaler(7), autoscaler(5))["pods"] == 7


@pytest.mark.parametrize(("text", "gib"), [("2048m", 2), ("2g", 2), ("2 gb", 2), ("2Gi", 2), ("2097152k", 2), ("?", 0)])
def test_flink_counts_memory_in_its_own_units_and_in_those_of_kubernetes(text: str, gib: int):
    spec = {"jobManager": {"resource": {"cpu": 1, "memory": text}}, "taskManager": {"replicas": 1}}
    amounts = _demand("FlinkDeployment", spec, "flink.apache.org/v1beta1")
    assert amounts["requests.memory"] == amounts["limits.memory"] == gib * 2**30


def test_only_what_production_has_is_shared_out_and_the_shares_are_those_of_the_catalog():
    assert environment_total("prod") == {"requests.cpu": Decimal(200), "requests.memory": Decimal(400 * 2**30)}
    assert environment_total("local") == {}
    assert 0 < sum(tenant_shares().values()) < 100


@pytest.mark.parametrize(
    ("cidr", "wide"),
    [
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("128.0.0.0/1", True),
        ("10.0.0.0/8", False),
        ("fd00::/16", False),
        ("x", False),
    ],
)
def test_a_range_is_everywhere_if_it_names_nobody(cidr: str, wide: bool):
    assert is_everywhere(Node(cidr)) is wide


@pytest.mark.parametrize(
    ("ports", "numbers"),
    [
        ([], set()),
        ([{"protocol": "TCP"}], set()),
        ([{"port": 80}, {"port": "http"}], {80, -1}),
        ([{"port": 8000, "endPort": 8002}], {8000, 8001, 8002}),
        ([{"port": 65535, "endPort": 10**9}], {65535}),
        ([{"port": -5}, {"port": 10**9}], {-1}),
    ],
)
def test_the_ports_of_a_rule_are_numbers(ports: list[dict[str, Any]], numbers: set[int]):
    spec = {"podSelector": {}, "ingress": [{"ports": ports}]}
    [entry] = rules_of(resource_from({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec}))
    assert entry.port_numbers == numbers


def test_one_namespace_that_is_not_known_hides_nothing_about_the_others():
    def namespace(name: object) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}

    resources = [resource_from(namespace(name)) for name in (UNKNOWN, "market-data")]
    findings = load_packs(["quotas"]).check_stack(resources, stack="prod")
    assert {(it.rule, it.unknown, it.address) for it in findings if it.rule == "QUOTA-001"} == {
        ("QUOTA-001", False, "Namespace market-data"),
        ("QUOTA-001", True, ""),
    }


def test_a_quota_below_zero_in_an_empty_namespace_is_nonsense_and_no_error():
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "-5"}}}
    findings = load_packs(["quotas"]).check_stack([resource_from(quota)], stack="prod")
    assert "spec.hard.pods" in {it.path for it in findings if it.rule == "QUOTA-003"}
    assert "QUOTA-005" not in {it.rule for it in findings}
