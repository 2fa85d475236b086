"""Pods that an operator builds from fields of its own are judged by what those fields say, at those fields' paths."""

from typing import Any

from policies.pods import pods_of
from policies.runtime import load_packs
from policies.unknown import UNKNOWN
from tests.support.policy_examples import resource_from

PACKS = load_packs(["workloads"])


def _paths(document: dict[str, Any], rule: str) -> set[str]:
    return {f.path for f in PACKS.check_resource(resource_from(document), stack="prod") if f.rule == rule}


def _spark(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication", "spec": spec}


def _kafka(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "kafka.strimzi.io/v1", "kind": "Kafka", "metadata": {"name": "kafka"}, "spec": spec}


def test_a_spark_driver_is_judged_at_the_fields_of_the_driver():
    driver = {
        "hostNetwork": True,
        "image": "spark:latest",
        "podSecurityContext": {"runAsUser": 0},
        "securityContext": {"privileged": True},
        "sidecars": [{"name": "ship", "image": "ship"}],
    }
    document = _spark(image="spark:4.0.0", driver=driver, executor={"securityContext": {"runAsUser": 0}})
    assert _paths(document, "POD-010") == {"spec.driver.hostNetwork"}
    assert _paths(document, "POD-008") == {"spec.driver.image", "spec.driver.sidecars[0].image"}
    assert _paths(document, "POD-045") == {"spec.driver.securityContext.privileged"}
    assert _paths(document, "POD-047") == {
        "spec.driver.podSecurityContext.runAsUser",
        "spec.executor.securityContext.runAsUser",
    }


def test_a_spark_executor_takes_the_image_of_the_application_unless_it_names_its_own():
    assert _paths(_spark(image="spark", driver={"image": "spark:4.0.0"}, executor={}), "POD-008") == {"spec.image"}


def test_what_an_operator_adds_is_not_asked_for():
    document = _kafka(kafka={"template": {"pod": {"priorityClassName": "platform-critical"}}})
    assert PACKS.check_resource(resource_from(document), stack="prod") == []
    [pod] = pods_of(resource_from(document))
    assert pod.partial
    assert pod.spec["priorityClassName"].path == "spec.kafka.template.pod.priorityClassName"


def test_a_strimzi_template_that_loosens_what_the_operator_sets_is_found():
    template = {
        "pod": {"securityContext": {"runAsNonRoot": False}},
        "kafkaContainer": {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
    }
    pool = {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaNodePool", "spec": {"template": template}}
    assert _paths(pool, "POD-003") == {"spec.template.pod.securityContext.runAsNonRoot"}
    assert _paths(_kafka(kafka={"template": template}), "POD-019") == {
        "spec.kafka.template.kafkaContainer.securityContext.capabilities.add[0]"
    }


def test_each_of_flinks_three_templates_is_judged():
    loose = {"spec": {"hostPID": True, "containers": [{"name": "flink-main-container"}]}}
    spec = {"image": "flink", "podTemplate": loose, "jobManager": {"podTemplate": loose}}
    document = {"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "spec": spec}
    assert _paths(document, "POD-010") == {"spec.podTemplate.spec.hostPID", "spec.jobManager.podTemplate.spec.hostPID"}
    assert _paths(document, "POD-008") == {"spec.image"}


def test_a_seldon_component_is_judged_as_any_pod_but_for_probes():
    component = {"spec": {"containers": [{"name": "model", "image": "model"}]}}
    spec = {"predictors": [{"componentSpecs": [component]}]}
    document = {"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "spec": spec}
    assert _paths(document, "POD-008") == {"spec.predictors[0].componentSpecs[0].spec.containers[0].image"}
    assert _paths(document, "POD-002") == set()


def test_a_part_of_an_operators_pod_that_is_not_known_is_unknown():
    found = PACKS.check_resource(resource_from(_spark(driver=UNKNOWN)), stack="prod")
    assert found
    assert all(finding.unknown and finding.path == "spec.driver" for finding in found)
