"""What each rendered stack refuses, hides and keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime import rpc

from tests.support.pulumi_mocks import run_program
from tests.support.renders import rendered

# Importing any class of the AWS SDK builds its deprecated ones too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SECRET_SIGNATURE = rpc._special_secret_sig
every_stack = pytest.mark.parametrize("stack", ["local", "dev", "prod"])


def unsealed(value: Any) -> Any:
    """What is left of properties on the wire when what is marked as secret is taken out."""
    if isinstance(value, dict):
        return (
            "[secret]" if SECRET_SIGNATURE in value.values() else {key: unsealed(item) for key, item in value.items()}
        )
    return [unsealed(item) for item in value] if isinstance(value, list) else value


@every_stack
def test_the_api_server_denies_what_breaks_a_rule_and_in_dev_warns(stack: str):
    bindings = rendered(stack).of_type(":ValidatingAdmissionPolicyBinding")
    everywhere = [it for it in bindings if it.inputs["metadata"]["name"].endswith("-everywhere")]
    assert 0 < len(everywhere) < len(bindings)
    for binding in bindings:
        warns = stack == "dev" and binding not in everywhere
        assert binding.inputs["spec"]["validationActions"] == (["Warn"] if warns else ["Deny", "Audit"])


@every_stack
def test_every_namespace_is_restricted_denies_by_default_and_has_quota_and_limits(stack: str):
    objects = rendered(stack).kubernetes()
    namespaces = [r.inputs["metadata"] for r in objects if r.inputs["kind"] == "Namespace"]
    assert len(namespaces) == (7 if stack == "local" else 9)
    for namespace in namespaces:
        assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        inside = [r.inputs for r in objects if r.inputs["metadata"].get("namespace") == namespace["name"]]
        kinds = {manifest["kind"] for manifest in inside}
        assert {"ResourceQuota", "LimitRange", "Role", "RoleBinding"} <= kinds
        deny = [m for m in inside if m["metadata"]["name"] == "default-deny"]
        assert deny[0]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@every_stack
def test_no_role_reads_secrets_or_may_do_everything(stack: str):
    roles = [role for role in rendered(stack).of_type(":Role") if role.type.startswith("kubernetes:")]
    assert roles
    for role in roles:
        for rule in role.inputs["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]], role.urn
            assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"]), role.urn
            assert "pods/exec" not in rule["resources"], role.urn
            if "secrets" in rule["resources"]:
                assert not {"get", "list", "watch"} & set(rule["verbs"]), role.urn


@every_stack
def test_every_password_is_a_secret_on_the_wire_and_in_the_outputs(stack: str):
    run = rendered(stack)
    for resource in run.of_type("core/v1:Secret"):
        assert SECRET_SIGNATURE in str(resource.request.object.fields["data"]), resource.urn
        assert {"data", "stringData"} <= set(resource.request.additionalSecretOutputs), resource.urn
    for resource in run.resources:
        assert "generated-for" not in json.dumps(unsealed(json_format.MessageToDict(resource.request.object))), (
            resource.urn
        )


def test_a_password_from_the_configuration_replaces_a_generated_one_and_stays_secret():
    canary = "canary-canary-canary-canary"
    run = run_program("local", secret_keys=("credentials",), credentials={"analytics": canary})
    assert "kafka-credentials-analytics-password" not in {r.name for r in run.resources}
    assert run.outputs["kafkaPasswords"]["analytics"] == canary
    (secret,) = [r for r in run.resources if r.name == "kafka-credentials-analytics-secret"]
    assert SECRET_SIGNATURE in str(secret.request.object.fields["data"])
    for resource in run.resources:
        assert canary not in str(resource.request.object), resource.urn


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_outside_local_what_cannot_be_made_again_is_protected_and_kept(stack: str):
    run = rendered(stack)
    stateful = [
        *run.of_type("s3/bucket:Bucket"),
        # What goes through the topic of alerts is mailed and not kept.
        *(key for key in run.of_type("kms/key:Key") if key.name != "alerts-key"),
        *run.of_type("ecr/repository:Repository"),
        *run.of_type(":Kafka"),
        *run.of_type(":KafkaNodePool"),
        *run.of_type(":KafkaTopic"),
        # Those of volume snapshots stand in for EKS's add-on, where there is none.
        *(crd for crd in run.of_type(":CustomResourceDefinition") if "crd-volumesnapshot" not in crd.name),
    ]
    assert len(stateful) > 10
    for resource in stateful:
        assert resource.request.protect, resource.urn
        assert resource.request.retainOnDelete, resource.urn


def test_local_can_be_removed_without_a_trace():
    assert not [r.urn for r in rendered("local").resources if r.request.protect or r.request.retainOnDelete]
    assert rendered("local").named("object-store-bucket").inputs["forceDestroy"] is True


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_kafka_has_three_brokers_and_copies_two_in_sync_racks_passwords_tls_and_acls(stack: str):
    run = rendered(stack)
    cluster = run.named("streaming-cluster").inputs["spec"]["kafka"]
    assert run.named("streaming-brokers").inputs["spec"]["replicas"] == 3
    assert cluster["rack"] == {"topologyKey": "topology.kubernetes.io/zone"}
    assert cluster["authorization"] == {"type": "simple"}
    assert cluster["listeners"][0]["tls"] is True
    assert cluster["listeners"][0]["authentication"] == {"type": "scram-sha-512"}
    assert cluster["config"]["min.insync.replicas"] == 2
    assert cluster["config"]["default.replication.factor"] == 3
    assert cluster["config"]["unclean.leader.election.enable"] is False
    assert cluster["config"]["auto.create.topics.enable"] is False
    for topic in run.of_type(":KafkaTopic"):
        assert topic.inputs["spec"]["replicas"] == 3
        assert topic.inputs["spec"]["config"]["min.insync.replicas"] == 2
