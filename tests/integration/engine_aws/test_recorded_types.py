"""Recorded types: checked against CloudFormation's schemas, made-up outputs in the SDK's types."""

from typing import Any

import pytest

from sandbox.engine.diff import diff
from sandbox.engine.provider import Operation, Target
from sandbox.engine.providers.aws.registry import ADAPTERS
from sandbox.engine.providers.recorded.listing import RecordedType, recorded_types
from sandbox.engine.providers.recorded.outputs import declared, optional
from sandbox.engine.providers.recorded.provider import RecordedProvider
from sandbox.engine.providers.recorded.schemas import create_only, schema_of
from sandbox.engine.values import UNKNOWN

pytestmark = pytest.mark.integration  # cfn-lint takes seconds to import, too long for the unit tests

REGION = "eu-central-1"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ADDON = "aws:eks/addon:Addon"
ENTRY = "aws:eks/accessEntry:AccessEntry"

ROLE = "arn:aws:iam::123456789012:role/x"

GOOD: dict[str, dict[str, Any]] = {
    ASSOCIATION: {"clusterName": "c", "namespace": "n", "serviceAccount": "s", "roleArn": ROLE, "tags": {"a": "1"}},
    ADDON: {
        "clusterName": "c",
        "addonName": "vpc-cni",
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "PRESERVE",
        "podIdentityAssociations": [{"roleArn": ROLE, "serviceAccount": "s"}],
    },
    ENTRY: {"clusterName": "c", "principalArn": ROLE, "kubernetesGroups": ["g"], "userName": "u", "type": "STANDARD"},
}

provider = RecordedProvider("123456789012", REGION, "aws")


def target(type: str, name: str = "x") -> Target:
    return Target(f"urn:pulumi:s::p::{type}::{name}", type, name)


def failures(type: str, inputs: dict[str, Any]) -> dict[str, str]:
    return {failure.property: failure.reason for failure in provider.check(target(type), inputs, None).failures}


def test_every_listed_type_is_exercised_here() -> None:
    assert set(GOOD) == set(recorded_types())


@pytest.mark.parametrize("type", GOOD)
def test_good_inputs_pass(type: str) -> None:
    assert failures(type, GOOD[type]) == {}


@pytest.mark.parametrize(
    ("type", "change", "where", "reason"),
    [
        (ASSOCIATION, {"clusterName": None}, ASSOCIATION, "'ClusterName' is a required property"),
        (ASSOCIATION, {"namespace": 5}, "namespace", "5 is not of type 'string'"),
        (ASSOCIATION, {"clusterName": ""}, "clusterName", "minimum length: 1"),
        (ASSOCIATION, {"bogus": 1}, "bogus", "has no such property"),
        (ASSOCIATION, {"tags": {"a": "x" * 257}}, "tags.a", "maximum length: 256"),
        (ADDON, {"resolveConflictsOnCreate": "SOMETIMES"}, "resolveConflictsOnCreate", "is not one of"),
        (
            ADDON,
            {"podIdentityAssociations": [{"roleArn": ROLE}]},
            "podIdentityAssociations[0]",
            "'ServiceAccount' is a",
        ),
        (ENTRY, {"kubernetesGroups": "g"}, "kubernetesGroups", "'g' is not of type 'array'"),
    ],
)
def test_a_wrong_input_is_named_as_the_program_wrote_it(
    type: str, change: dict[str, Any], where: str, reason: str
) -> None:
    found = failures(type, {**GOOD[type], **change})
    assert list(found) == [where]
    assert reason in found[where]


def test_values_that_only_an_apply_knows_are_not_judged() -> None:
    assert failures(ASSOCIATION, {**GOOD[ASSOCIATION], "roleArn": UNKNOWN, "tags": {"a": UNKNOWN}}) == {}


@pytest.mark.parametrize("type", GOOD)
def test_outputs_are_complete_typed_and_the_same_every_time(type: str) -> None:
    inputs = provider.check(target(type), GOOD[type], None).inputs
    created = provider.create(target(type), inputs, Operation(nonce="1"))
    assert created == provider.create(target(type), inputs, Operation(nonce="2"))
    for name, annotation in declared(type).items():
        if not optional(annotation):
            value = created.outputs[name]
            assert value is not None, name
            if annotation in (str, bool, int):
                assert isinstance(value, annotation), name
    other = provider.create(target(type, "y"), inputs, Operation(nonce="1"))
    assert other.outputs != created.outputs


def test_an_id_and_an_arn_look_like_the_real_ones() -> None:
    created = provider.create(target(ASSOCIATION), GOOD[ASSOCIATION], Operation(nonce="1"))
    assert created.id == created.outputs["associationId"]
    prefix = f"arn:aws:eks:{REGION}:123456789012:podidentityassociation/"
    assert created.outputs["associationArn"].startswith(prefix)
    entry = provider.create(target(ENTRY), GOOD[ENTRY], Operation(nonce="1"))
    assert entry.id == f"c:{ROLE}"


def test_a_preview_is_marked_as_recorded_and_knows_only_inputs() -> None:
    preview = provider.preview_create(target(ASSOCIATION), GOOD[ASSOCIATION])
    assert preview.validated == "recorded"
    assert preview.outputs["associationArn"] is UNKNOWN
    assert preview.outputs["namespace"] == "n"


def test_what_the_schema_calls_create_only_replaces_and_a_kept_name_goes_first() -> None:
    old = GOOD[ASSOCIATION]
    new = {**old, "namespace": "m", "roleArn": ROLE + "y"}
    assert provider.replaces(target(ASSOCIATION), diff(old, new), old, new) == {"namespace"}
    assert not provider.delete_before_replace(target(ASSOCIATION), old, new)
    assert provider.delete_before_replace(target(ASSOCIATION), old, old)


def test_a_type_without_a_schema_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="cfn-lint has no schema of AWS::No::Such in eu-central-1"):
        schema_of("AWS::No::Such", REGION)


def test_a_type_that_the_sdk_does_not_have_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="aws:eks/noSuch:NoSuch: the Pulumi SDK has no such class"):
        declared("aws:eks/noSuch:NoSuch")


CLOUDFORMATION = {
    "aws:kms/alias:Alias": ("AWS::KMS::Alias", {"name": "AliasName"}),
    "aws:s3/bucket:Bucket": ("AWS::S3::Bucket", {"bucket": "BucketName"}),
    "aws:iam/role:Role": ("AWS::IAM::Role", {"name": "RoleName", "path": "Path"}),
    "aws:iam/policy:Policy": (
        "AWS::IAM::ManagedPolicy",
        {"name": "ManagedPolicyName", "path": "Path", "description": "Description"},
    ),
    "aws:secretsmanager/secret:Secret": ("AWS::SecretsManager::Secret", {"name": "Name"}),
    "aws:ecr/repository:Repository": (
        "AWS::ECR::Repository",
        {"name": "RepositoryName", "encryptionConfigurations": "EncryptionConfiguration"},
    ),
    "aws:sqs/queue:Queue": ("AWS::SQS::Queue", {"name": "QueueName", "fifoQueue": "FifoQueue"}),
    "aws:sns/topic:Topic": ("AWS::SNS::Topic", {"name": "TopicName", "fifoTopic": "FifoTopic"}),
    "aws:cloudwatch/logGroup:LogGroup": ("AWS::Logs::LogGroup", {"name": "LogGroupName"}),
    "aws:ec2/vpc:Vpc": ("AWS::EC2::VPC", {"cidrBlock": "CidrBlock"}),
    "aws:ec2/subnet:Subnet": (
        "AWS::EC2::Subnet",
        {"vpcId": "VpcId", "cidrBlock": "CidrBlock", "availabilityZone": "AvailabilityZone"},
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "AWS::EC2::SecurityGroup",
        {"name": "GroupName", "vpcId": "VpcId", "description": "GroupDescription"},
    ),
}
"""Adapted types by CloudFormation's names of those inputs that cannot be changed."""

STRICTER_THAN_CLOUDFORMATION = {
    "aws:s3/bucket:Bucket": {"objectLockEnabled"},  # the real provider replaces
    "aws:cloudwatch/logGroup:LogGroup": {"logGroupClass"},  # the real provider replaces
    "aws:ec2/vpc:Vpc": {"instanceTenancy"},  # only from dedicated to default can it be changed
}


@pytest.mark.parametrize("type", CLOUDFORMATION)
def test_what_replaces_in_an_adapter_is_what_cloudformation_calls_create_only(type: str) -> None:
    schema, names = CLOUDFORMATION[type]
    fixed = create_only(RecordedType(type, schema, "id", "arn", "only to read its schema"), REGION)
    replacing = {name for name, spec in ADAPTERS[type].fields.items() if spec.replaces}
    assert replacing == set(names) | STRICTER_THAN_CLOUDFORMATION.get(type, set())
    assert set(names.values()) <= fixed
