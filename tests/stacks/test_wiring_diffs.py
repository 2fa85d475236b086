"""What one more edge changes in a rendered stack: exactly its policies, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from infra.core.catalog.catalog import Catalog
from infra.core.catalog.users import KafkaUser
from infra.core.names import dns_label
from infra.core.wiring import External
from infra.core.workload.spec import WorkloadSpec
from infra.stacks import plan, platform
from tests.support.pulumi_mocks import run_program
from tests.support.reachability import Peer, Port, reachable
from tests.support.reachability_worlds import OUTSIDE, whole_numbers
from tests.support.renders import defaults, rendered

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
STREAMING = "platform-streaming"
Key = tuple[str, str, str]
Objects = dict[Key, Any]
Change = Callable[[WorkloadSpec], WorkloadSpec]


def objects(
    stack: str, *, gateway: Change | None = None, catalog: Callable[[Catalog], Catalog] | None = None
) -> Objects:
    """Kind, namespace and name of every object, or type and name of what is none, with its inputs."""
    with ExitStack() as patches:
        if gateway:
            make = plan.gateway_spec
            patches.enter_context(mock.patch.object(plan, "gateway_spec", lambda *a: gateway(make(*a))))
        if catalog:
            read = platform.read_catalog()
            patches.enter_context(mock.patch.object(platform, "read_catalog", return_value=catalog(read)))
        run = run_program if gateway or catalog else rendered
        # What one more edge costs is for other tests.
        resources = run(stack, **defaults(stack, budget=None)).resources
    return {
        (r.inputs["kind"], r.inputs["metadata"].get("namespace", ""), r.inputs["metadata"]["name"])
        if r.type.startswith("kubernetes:")
        else (r.type, "", r.name): r.inputs
        for r in resources
    }


def differences(before: Objects, after: Objects) -> dict[str, list[Key]]:
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(key for key in before.keys() & after.keys() if before[key] != after[key]),
    }


def callers(found: Objects, server: str) -> dict[str, list[str]]:
    """Principals by port."""
    return {
        port: rule["from"][0]["source"]["principals"]
        for rule in found["AuthorizationPolicy", STREAMING, f"{server}-callers"]["spec"]["rules"]
        for port in rule["to"][0]["operation"]["ports"]
    }


def uses_registry(spec: WorkloadSpec) -> WorkloadSpec:
    registry = spec.party.of_workload("schema-registry", STREAMING).offer("http", 8081)
    return spec.model_copy(update={"uses": (*spec.uses, registry)})


def uses_nothing(spec: WorkloadSpec) -> WorkloadSpec:
    return spec.model_copy(update={"uses": ()})


def test_an_edge_changes_its_two_network_policies_and_the_callers_of_its_server():
    before, after = objects("prod"), objects("prod", gateway=uses_registry)
    assert differences(before, after) == {
        "added": [
            ("NetworkPolicy", STREAMING, "schema-registry-http-from-stream-gateway"),
            ("NetworkPolicy", STREAMING, "stream-gateway-to-schema-registry-http"),
        ],
        "removed": [],
        "changed": [("AuthorizationPolicy", STREAMING, "schema-registry-callers")],
    }
    account = f"cluster.local/ns/{STREAMING}/sa/"
    assert callers(before, "schema-registry") == {"8081": [f"{account}schema-registry"]}
    assert callers(after, "schema-registry") == {"8081": [f"{account}schema-registry", f"{account}stream-gateway"]}


def reaches_outside(spec: WorkloadSpec) -> WorkloadSpec:
    return spec.model_copy(update={"uses": (*spec.uses, External(host="api.example.org", port=8443))})


def test_a_host_outside_brings_one_network_policy_and_one_service_entry():
    before, after = objects("prod"), objects("prod", gateway=reaches_outside)
    assert differences(before, after) == {
        "added": [
            ("NetworkPolicy", STREAMING, dns_label("stream-gateway", "to", "api.example.org", "8443")),
            ("ServiceEntry", STREAMING, dns_label("outside", "api.example.org")),
        ],
        "removed": [],
        "changed": [],
    }
    policies = [whole_numbers(item) for key, item in after.items() if key[0] == "NetworkPolicy"]
    labels = {"kubernetes.io/metadata.name": STREAMING}
    gateway = Peer("gateway", "10.0.0.1", STREAMING, {"app.kubernetes.io/name": "stream-gateway"}, labels)
    peers = [gateway, *OUTSIDE]
    open_ports = reachable(policies, peers, [Port(443), Port(8443)])
    assert {(peers[b].name, port.number) for a, b, port in open_ports if a == 0} == {("internet", 8443)}


def test_the_first_edge_of_a_server_brings_its_policy():
    before, after = objects("local"), objects("local", gateway=uses_registry)
    assert ("AuthorizationPolicy", STREAMING, "schema-registry-callers") in differences(before, after)["added"]
    assert len(differences(before, after)["added"]) == 3
    assert differences(before, after)["changed"] == []


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_an_edge_to_kafka_changes_the_same_three(stack: str):
    assert differences(objects(stack, gateway=uses_nothing), objects(stack)) == {
        "added": [
            ("NetworkPolicy", STREAMING, "kafka-clients-from-stream-gateway"),
            ("NetworkPolicy", STREAMING, "stream-gateway-to-kafka-clients"),
        ],
        "removed": [],
        "changed": [("AuthorizationPolicy", STREAMING, "kafka-callers")],
    }


def test_a_permission_of_a_kafka_user_changes_its_acls_only():
    def more(catalog: Catalog) -> Catalog:
        user = catalog.users["forecaster"]
        widened = user.model_copy(update={"consumes": (*user.consumes, "OUTAGES")})
        return replace(catalog, users={**catalog.users, "forecaster": widened})

    before, after = objects("prod"), objects("prod", catalog=more)
    key = ("KafkaUser", STREAMING, "forecaster")
    assert differences(before, after) == {"added": [], "removed": [], "changed": [key]}
    old, new = (found[key]["spec"]["authorization"]["acls"] for found in (before, after))
    (added,) = [acl for acl in new if acl not in old]
    assert added["resource"] == {"type": "topic", "name": "OUTAGES", "patternType": "literal"}
    assert added["operations"] == ["Read", "Describe"]
    assert [acl for acl in new if acl != added] == old


def test_one_more_user_of_a_tenant_brings_its_edge_its_account_its_acls_and_its_password():
    def more(catalog: Catalog) -> Catalog:
        facts = {"owner": "a-team", "tenant": "analytics", "consumes": ["WEATHER_RT"], "deadLetter": False}
        return replace(catalog, users={**catalog.users, "analytics-export": KafkaUser.model_validate(facts)})

    before, after = objects("dev"), objects("dev", catalog=more)
    difference = differences(before, after)
    role = ("aws:iam/role:Role", "", "tenant-analytics-identity-role")
    assert difference["changed"] == [("AuthorizationPolicy", STREAMING, "kafka-callers"), role], "who may take the role"
    assert difference["removed"] == []
    assert [key for key in difference["added"] if ":" not in key[0]] == [
        ("KafkaUser", STREAMING, "analytics-export"),
        ("NetworkPolicy", STREAMING, "kafka-clients-from-tenant-analytics-analytics-export"),
        # Its pods can take the tenant's role: its credentials, and the way to the bucket that the role is about.
        ("NetworkPolicy", "tenant-analytics", "analytics-export-to-analytics-platform-dev-lakehouse-1-2c1c2df7"),
        ("NetworkPolicy", "tenant-analytics", "analytics-export-to-identity-agent"),
        ("NetworkPolicy", "tenant-analytics", "analytics-export-to-platform-streaming-kafka-clients"),
        ("Secret", STREAMING, "kafka-user-analytics-export"),
        ("Secret", "tenant-analytics", "kafka-user-analytics-export"),
        ("ServiceAccount", "tenant-analytics", "kafka-analytics-export"),
    ]
    added = set(callers(after, "kafka")["9093"]) - set(callers(before, "kafka")["9093"])
    assert added == {"cluster.local/ns/tenant-analytics/sa/kafka-analytics-export"}
