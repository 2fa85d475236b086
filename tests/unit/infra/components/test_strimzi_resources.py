"""What is rendered for Strimzi, against the schemas of its own CRDs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.components.streaming import strimzi_layout, strimzi_models
from infra.components.streaming.strimzi_layout import StrimziArgs
from infra.core.labels import Ownership
from infra.core.models import ManifestPart
from infra.core.quantity import Compute, gibibytes
from infra.core.quota import namespace_budget
from infra.stacks.files import read_catalog, read_definitions

CATALOG = read_catalog()
DEFINITIONS = {d["spec"]["names"]["kind"]: d for d in read_definitions(CATALOG.charts["strimzi"].crds)}
ARGS = StrimziArgs(
    version=CATALOG.images["kafka"].tag,
    ownership=Ownership(environment="prod", owner="team", cost_centre="cc-1"),
    brokers=3,
    replication=3,
    min_in_sync=2,
    zones=3,
    cpu=4000,
    memory=gibibytes(16),
    storage=gibibytes(500),
    storage_class="gp3",
)


def schema(kind: str) -> dict[str, Any]:
    (version,) = DEFINITIONS[kind]["spec"]["versions"]
    assert f"{DEFINITIONS[kind]['spec']['group']}/{version['name']}" == strimzi_models.API_VERSION
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


@cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    """Made once: checking the schema of Kafka itself takes seconds."""
    return jsonschema.Draft202012Validator(schema(kind))


def unknown_fields(value: Any, node: dict[str, Any], path: str = "spec") -> Iterator[str]:
    """Fields that the API server would refuse under strict field validation."""
    if isinstance(value, dict) and not node.get("x-kubernetes-preserve-unknown-fields"):
        for key, item in value.items():
            child = node.get("properties", {}).get(key, node.get("additionalProperties"))
            if child is None:
                yield f"{path}.{key}"
            elif isinstance(child, dict):
                yield from unknown_fields(item, child, f"{path}.{key}")
    if isinstance(value, list):
        for item in value:
            yield from unknown_fields(item, node.get("items", {}), f"{path}[]")


def check(manifest: dict[str, Any]) -> None:
    node = schema(manifest["kind"])
    assert list(unknown_fields(manifest["spec"], node)) == []
    validator(manifest["kind"]).validate(manifest["spec"])


def everything(args: StrimziArgs) -> Iterator[dict[str, Any]]:
    yield from (manifest for _, manifest in strimzi_layout.cluster_manifests(args))
    yield from (strimzi_layout.topic_manifest(args, name, topic) for name, topic in CATALOG.topics.items())
    yield from (strimzi_layout.user_manifest(args, name, user) for name, user in CATALOG.users.items())


def test_everything_that_is_rendered_is_valid_under_strimzis_own_schemas():
    kinds = set()
    for manifest in everything(ARGS):
        check(manifest)
        kinds.add(manifest["kind"])
    assert kinds == {"Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"} == set(DEFINITIONS)


def test_what_a_user_may_take_of_each_broker_is_what_the_catalog_says():
    user = CATALOG.users["analytics"].model_copy(
        update={"produce_rate": 1024, "consume_rate": 2048, "request_percentage": 7}
    )
    quotas = strimzi_layout.user_manifest(ARGS, "analytics", user)["spec"]["quotas"]
    assert quotas == {"producerByteRate": 1024, "consumerByteRate": 2048, "requestPercentage": 7}


def test_the_check_itself_finds_a_field_that_strimzi_does_not_know():
    (_, manifest), *_ = strimzi_layout.cluster_manifests(ARGS)
    manifest["spec"]["zookeeper"] = {}
    with pytest.raises(AssertionError):
        check(manifest)


@settings(deadline=None, max_examples=10)
@given(st.integers(3, 50), st.integers(100, 64_000), st.integers(1, 512), st.integers(1, 10_000))
def test_any_size_is_rendered_validly(brokers: int, cpu: int, memory: int, storage: int):
    size = {"brokers": brokers, "cpu": cpu, "memory": gibibytes(memory), "storage": gibibytes(storage)}
    for _, manifest in strimzi_layout.cluster_manifests(ARGS.model_copy(update=size)):
        check(manifest)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (strimzi_models.TopicSpec, {"topicName": "x", "partitions": 1, "replicas": 1, "config": {}, "retention": 1}),
        (strimzi_models.Rack, {"topologyKey": "zone", "enabled": True}),
        (strimzi_models.Listener, {"name": "clients", "port": 9093, "tls": False}),
        (strimzi_models.Listener, {"name": "clients", "port": 80}),
        (strimzi_models.JvmOptions, {"-Xms": "1Gi", "-Xmx": "1g"}),
    ],
)
def test_a_field_that_is_unknown_or_unsafe_is_refused(model: type[ManifestPart], fields: dict[str, Any]):
    with pytest.raises(ValidationError):
        model.model_validate(fields)


def test_brokers_controllers_and_operators_are_counted_by_the_quota():
    shares = strimzi_layout.shares(ARGS)
    budget = namespace_budget(shares)
    brokers = Compute(ARGS.cpu, ARGS.memory) * 3
    assert brokers.fits(budget.requests)
    assert budget.volumes == 6
    assert budget.storage == 3 * ARGS.storage + 3 * gibibytes(10)
    assert budget.pods == 8


def test_the_operator_makes_no_policies_of_its_own_and_its_pods_are_restricted():
    values = strimzi_layout.operator_values(CATALOG.charts["strimzi"].footprint, ARGS.ownership)
    assert values["generateNetworkPolicy"] is False
    assert {"name": "STRIMZI_POD_SECURITY_PROVIDER_CLASS", "value": "restricted"} in values["extraEnvs"]
    assert values["resources"]["limits"] == values["resources"]["requests"] == {"cpu": "500m", "memory": "512Mi"}


def test_brokers_and_operators_reach_exactly_the_ports_that_they_need():
    opened = {(edge.client.name, edge.offer.port) for edge in strimzi_layout.edges()}
    assert opened == {
        ("kafka", 9090),
        ("kafka", 9091),
        ("kafka-entity-operator", 9091),
        ("strimzi-cluster-operator", 9090),
        ("strimzi-cluster-operator", 9091),
        ("strimzi-cluster-operator", 8443),
    }
