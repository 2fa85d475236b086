"""What a workload that scales by lag, queries or time becomes, and what is refused."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from infra.core.catalog.topics import Topic
from infra.core.catalog.users import KafkaUser
from infra.core.cost.usage import running
from infra.core.wiring import Party
from infra.core.workload.autoscale import Autoscale, CpuUse, KafkaLag
from infra.core.workload.autoscale_check import lag_problems, scaler_edges
from infra.core.workload.manifests import workload_manifests
from infra.core.workload.route import Route
from infra.core.workload.spec import Port, Replicas, SecretFiles, WorkloadSpec
from infra.core.workload_share import workload_share
from infra.stacks import local, prod
from infra.stacks.files import read_catalog, read_definitions
from infra.stacks.scaling_plan import scaling_problems
from policies.runtime import load_packs
from tests.support.event_scaling import BROKER, CRDS, EVERYTHING, HOURS, KAFKA, LAG, METRICS, QUERY, USER, workload
from tests.support.policy_examples import findings_of, resource_from
from tests.support.strict_schemas import strict

SCALER = Party.of_workload("keda-operator", "platform-operators")


def objects(spec: WorkloadSpec) -> dict[str, Any]:
    return {manifest["kind"]: manifest for _, manifest in workload_manifests(spec)}


@cache
def schemas() -> dict[str, Any]:
    return {
        crd["spec"]["names"]["kind"]: strict(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"])
        for crd in read_definitions(CRDS)
    }


@pytest.mark.parametrize("kind", ["ScaledObject", "TriggerAuthentication"])
def test_what_is_declared_is_valid_under_the_schemas_of_keda_itself(kind: str):
    jsonschema.Draft202012Validator(schemas()[kind]["spec"]).validate(objects(EVERYTHING)[kind]["spec"])


def test_the_autoscaler_that_keda_makes_says_by_its_labels_that_it_is_kedas():
    metadata = objects(EVERYTHING)["ScaledObject"]["metadata"]
    left_out = set(metadata["annotations"]["scaledobject.keda.sh/hpa-excluded-labels"].split(","))
    assert {"app.kubernetes.io/managed-by", "app.kubernetes.io/name"} <= left_out
    assert {label.partition("/")[0] for label in {*metadata["labels"]} - left_out} == {"platform"}


def test_a_scaled_object_replaces_the_autoscaler_and_says_all_bounds():
    made = objects(EVERYTHING)
    assert "HorizontalPodAutoscaler" not in made
    assert "replicas" not in made["Deployment"]["spec"]
    assert made["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    spec = made["ScaledObject"]["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "sums"}
    assert (spec["idleReplicaCount"], spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, 2, 6)
    assert [trigger["type"] for trigger in spec["triggers"]] == ["kafka", "prometheus", "cron", "cpu"]
    assert all(isinstance(value, str) for trigger in spec["triggers"] for value in trigger["metadata"].values())


def test_what_cannot_be_measured_leaves_the_replicas_that_there_are():
    fallback = objects(EVERYTHING)["ScaledObject"]["spec"]["fallback"]
    assert fallback == {"failureThreshold": 5, "replicas": 2, "behavior": "currentReplicasIfHigher"}
    assert "fallback" not in objects(workload(HOURS, CpuUse()))["ScaledObject"]["spec"]


def test_keda_asks_kafka_as_the_workloads_own_user_by_reference_only():
    made = objects(workload(LAG))
    (trigger,) = made["ScaledObject"]["spec"]["triggers"]
    authentication = made["TriggerAuthentication"]
    assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    assert trigger["metadata"]["consumerGroup"] == USER
    assert (trigger["metadata"]["sasl"], trigger["metadata"]["tls"]) == ("scram_sha512", "enable")
    assert authentication["spec"] == {
        "env": [{"parameter": "username", "name": "KAFKA_USER", "containerName": "sums"}],
        "secretTargetRef": [
            {"parameter": "password", "name": f"kafka-user-{USER}", "key": "password"},
            {"parameter": "ca", "name": "kafka-ca", "key": "ca.crt"},
        ],
    }


def test_two_topics_of_one_user_share_their_authentication():
    other = LAG.model_copy(update={"topic": "loads"})
    kinds = [manifest["kind"] for _, manifest in workload_manifests(workload(LAG, other))]
    assert kinds.count("TriggerAuthentication") == 1


def test_without_a_mesh_of_certificates_the_listener_is_asked_without_tls():
    plain = KAFKA.model_copy(update={"ca_secret": None}).lag(USER, "prices", 500, variable="KAFKA_USER")
    made = objects(workload(plain))
    assert made["ScaledObject"]["spec"]["triggers"][0]["metadata"]["tls"] == "disable"
    assert [ref["parameter"] for ref in made["TriggerAuthentication"]["spec"]["secretTargetRef"]] == ["password"]


def test_without_a_declaration_the_cpu_scales_as_ever():
    made = objects(workload())
    assert made["HorizontalPodAutoscaler"]["spec"]["maxReplicas"] == 6
    assert "ScaledObject" not in made


def test_quota_counts_the_most_and_cost_none_while_idle():
    assert workload_share(EVERYTHING).pods == 7
    paid = running(EVERYTHING, keep=False)
    assert (paid.idle.cpu, paid.typical.cpu) == (0, 300)
    assert running(workload(LAG), keep=False).idle.cpu == 200


def test_the_scaler_reaches_each_server_once():
    edges = [*scaler_edges(SCALER, [EVERYTHING, workload(LAG, name="more"), workload(name="other")])]
    assert [(edge.offer, edge.login and edge.login.name) for edge in edges] == [(BROKER, USER), (METRICS, None)]


RULES = load_packs().rules
SCALING_RULES = ("DATA-010", "POD-029", "POD-041", "QUOTA-009", "QUOTA-010", "QUOTA-011")


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_no_rule_about_scaling_finds_anything(rule: str):
    resources = [resource_from(json.loads(json.dumps(each))) for _, each in workload_manifests(EVERYTHING)]
    assert findings_of(RULES[rule], resources) == []


ROUTED = (Port(name="http", number=8080, route=Route(path="/sums", requests_per_minute=60, methods=("GET",))),)
OPEN = Autoscale(triggers=(LAG,), to_zero=True)


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("must have more replicas at most than at least", {"replicas": Replicas(minimum=2, maximum=2)}),
        ("must not go to zero by CPU use alone", {"autoscale": Autoscale(triggers=(CpuUse(),), to_zero=True)}),
        ("must not go to zero with a route", {"ports": ROUTED, "autoscale": OPEN}),
        ("must scale at 0 7 .* to 4 to 6 replicas, and not to 3", {"replicas": Replicas(minimum=4, maximum=6)}),
        ("must be a deployment", {"kind": "statefulset"}),
        ("must use .*kafka.* as Kafka user price-sums", {"uses": ()}),
        ("must have KAFKA_USER=price-sums in its environment", {"environment": {"KAFKA_USER": "somebody"}}),
        ("must mount kafka-user-price-sums, kafka-ca itself", {"secret_files": ()}),
    ],
)
def test_a_contradiction_is_refused_with_the_name_of_the_workload(problem: str, changes: dict[str, Any]):
    with pytest.raises(ValidationError, match=f"workload sums {problem}"):
        workload(LAG, HOURS, **changes)


def test_a_route_may_go_to_zero_when_a_query_or_a_time_wakes_it():
    for waker in (QUERY, HOURS):
        assert workload(LAG, waker, to_zero=True, ports=ROUTED).fewest == 0


@pytest.mark.parametrize(
    ("problem", "make"),
    [
        (
            "is no time zone: write one as IANA names it",
            lambda: HOURS.model_validate({**dict(HOURS), "time_zone": "Mars"}),
        ),
        ("nothing is in between", lambda: HOURS.model_validate({**dict(HOURS), "end": HOURS.start})),
        ("should match pattern", lambda: HOURS.model_validate({**dict(HOURS), "start": "@daily"})),
        ("rename the group", lambda: KafkaLag.model_validate({**dict(LAG), "group": "theirs"})),
        ("needs the Kafka user", lambda: KafkaLag.model_validate({**dict(LAG), "listener": BROKER.use()})),
        ("has a trigger twice", lambda: Autoscale(triggers=(LAG, LAG.model_copy(update={"records": 9})))),
        ("at least 1 item", lambda: Autoscale(triggers=())),
    ],
)
def test_a_trigger_that_means_nothing_is_refused(problem: str, make: Any):
    with pytest.raises(ValidationError, match=problem):
        make()


def topic(partitions: int) -> Topic:
    values = {"description": "Prices of things", "owner": "a", "tenant": "platform", "dataClass": "public"}
    return Topic.model_validate({**values, "key": ["k"], "partitions": partitions, "retentionHours": 1})


def user(*consumes: str) -> KafkaUser:
    return KafkaUser.model_validate({"owner": "a", "tenant": "platform", "consumes": consumes})


def problems(partitions: int = 6, *consumes: str) -> list[str]:
    return [str(each) for each in lag_problems([workload(LAG)], {"prices": topic(partitions)}, {USER: user(*consumes)})]


def test_a_lag_of_what_the_user_reads_with_a_partition_for_each_replica_is_accepted():
    assert problems(6, "prices") == []
    assert [*lag_problems([workload()], {}, {})] == []


def test_more_replicas_than_partitions_are_refused():
    (problem,) = problems(5, "prices")
    assert problem.startswith("infra/catalog/topics.yaml: topics.prices.partitions is 5: fewer than the 6 replicas")
    assert problem.endswith("any more replicas would idle.")


def test_a_lag_of_a_topic_that_the_user_does_not_read_is_refused():
    (problem,) = problems(6, "loads")
    assert problem.startswith(f"infra/catalog/kafka-users.yaml: users.{USER}.consumes is loads: without prices")


def test_a_lag_of_no_topic_names_the_closest_one():
    spec = workload(LAG.model_copy(update={"topic": "price"}))
    (problem,) = lag_problems([spec], {"prices": topic(6)}, {USER: user("price")})
    assert "no such topic" in str(problem)
    assert "prices" in problem.fix


def reader() -> WorkloadSpec:
    lag = KAFKA.lag("stream-analytics", "commodity-prices", 500, variable="KAFKA_USER")
    mounted = (SecretFiles(secret=lag.password.secret, mount_path="/p"), *KAFKA.ca_files())
    changes = {"environment": {"KAFKA_USER": lag.user}, "uses": (lag.listener,), "name": "windows"}
    return workload(lag, secret_files=mounted, **changes)


def test_a_stack_without_operators_refuses_what_only_keda_scales():
    catalog = read_catalog()
    (problem,) = scaling_problems([workload(), reader()], catalog, local.PROFILE, file="Pulumi.local.yaml")
    assert str(problem).startswith("Pulumi.local.yaml: operators is none, and by KEDA windows would scale: without")
    assert scaling_problems([workload()], catalog, local.PROFILE, file="Pulumi.local.yaml") == ()
    assert scaling_problems([workload(), reader()], catalog, prod.PROFILE, file="Pulumi.prod.yaml") == ()
