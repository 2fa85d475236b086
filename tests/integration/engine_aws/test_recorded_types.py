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
from tests.support import recorded_data, recorded_edge, recorded_watch

pytestmark = pytest.mark.integration  # cfn-lint takes seconds to import, too long for the unit tests

REGION = "eu-central-1"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ADDON = "aws:eks/addon:Addon"
ENTRY = "aws:eks/accessEntry:AccessEntry"
CLUSTER = "aws:eks/cluster:Cluster"
LOGINS = "aws:eks/identityProviderConfig:IdentityProviderConfig"
GROUP = "aws:eks/nodeGroup:NodeGroup"
POLICY = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
FLOWS = "aws:ec2/flowLog:FlowLog"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

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

GOOD |= {
    POLICY: {
        "clusterName": "c",
        "principalArn": ROLE,
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    },
    CLUSTER: {
        "name": "c",
        "roleArn": ROLE,
        "version": "1.35",
        "vpcConfig": {"subnetIds": ["subnet-1", "subnet-2"], "endpointPrivateAccess": True},
        "enabledClusterLogTypes": ["api", "audit"],
        "encryptionConfig": {"provider": {"keyArn": "arn:aws:kms:x"}, "resources": ["secrets"]},
        "accessConfig": {"authenticationMode": "API"},
        "upgradePolicy": {"supportType": "STANDARD"},
        "tags": {"a": "1"},
    },
    LOGINS: {
        "clusterName": "c",
        "oidc": {
            "identityProviderConfigName": "people",
            "issuerUrl": "https://login.example.com",
            "clientId": "cluster",
            "groupsClaim": "groups",
            "groupsPrefix": "oidc:",
        },
    },
    GROUP: {
        "clusterName": "c",
        "nodeGroupName": "g",
        "nodeRoleArn": ROLE,
        "subnetIds": ["subnet-1"],
        "capacityType": "SPOT",
        "scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 3},
        "taints": [{"key": "k", "value": "v", "effect": "PREFER_NO_SCHEDULE"}],
        "launchTemplate": {"id": "lt-1", "version": "1"},
        "tags": {"a": "1"},
    },
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"vpcId": "vpc-1", "tags": {"a": "1"}},
    "aws:ec2/eip:Eip": {"domain": "vpc", "tags": {"a": "1"}},
    FLOWS: {
        "vpcId": "vpc-1",
        "trafficType": "ALL",
        "logDestinationType": "cloud-watch-logs",
        "logDestination": "arn:aws:logs:x",
        "iamRoleArn": ROLE,
        "maxAggregationInterval": 600,
    },
    "aws:ec2/internetGateway:InternetGateway": {"vpcId": "vpc-1", "tags": {"a": "1"}},
    TEMPLATE: {
        "name": "t",
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 100, "encrypted": "true"}}],
        "tagSpecifications": [{"resourceType": "instance", "tags": {"a": "1"}}],
        "updateDefaultVersion": True,
        "tags": {"a": "1"},
    },
    "aws:ec2/natGateway:NatGateway": {"subnetId": "subnet-1", "allocationId": "eipalloc-1"},
    "aws:ec2/route:Route": {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"},
    "aws:ec2/routeTable:RouteTable": {"vpcId": "vpc-1", "tags": {"a": "1"}},
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {"routeTableId": "rtb-1", "subnetId": "subnet-1"},
    ENDPOINT: {
        "vpcId": "vpc-1",
        "serviceName": "com.amazonaws.us-east-1.sts",
        "vpcEndpointType": "Interface",
        "subnetIds": ["subnet-1", "subnet-2"],
        "privateDnsEnabled": True,
        "dnsOptions": {"dnsRecordIpType": "ipv4", "privateDnsOnlyForInboundResolverEndpoint": False},
    },
}

GOOD |= recorded_data.GOOD | recorded_edge.GOOD | recorded_watch.GOOD

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
        (POLICY, {"accessScope": {"type": "planet"}}, "accessScope.type", "'planet' is not one of"),
        (CLUSTER, {"enabledClusterLogTypes": ["api", "gossip"]}, "enabledClusterLogTypes[1]", "'gossip' is not one of"),
        (CLUSTER, {"encryptionConfig": {"provider": {"keyArn": 5}}}, "encryptionConfig.provider.keyArn", "5 is not of"),
        (LOGINS, {"oidc": {"clientId": "cluster"}}, "oidc", "'IssuerUrl' is a required property"),
        (GROUP, {"capacityType": "CHEAP"}, "capacityType", "'CHEAP' is not one of"),
        (GROUP, {"taints": [{"key": "k", "effect": "NEVER"}]}, "taints[0].effect", "'NEVER' is not one of"),
        (FLOWS, {"trafficType": "SOME"}, "trafficType", "'SOME' is not one of"),
        (ENDPOINT, {"subnetIds": ["subnet-1", "subnet-1"]}, "subnetIds", "not unique"),
        (
            TEMPLATE,
            {"blockDeviceMappings": [{"deviceName": "d", "ebs": {"encrypted": "perhaps"}}]},
            "blockDeviceMappings[0].ebs.encrypted",
            "'perhaps' is not of type 'boolean'",
        ),
        *recorded_data.WRONG,
        *recorded_edge.WRONG,
        *recorded_watch.WRONG,
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
    assert failures(ENDPOINT, {**GOOD[ENDPOINT], "subnetIds": [UNKNOWN, UNKNOWN]}) == {}


def test_default_tags_are_dropped_for_a_type_that_takes_none() -> None:
    route = "aws:ec2/route:Route"
    checked = provider.check(target(route), {**GOOD[route], "tagsAll": {"a": "1"}}, None)
    assert (checked.inputs, list(checked.failures)) == (GOOD[route], [])


def test_a_generated_id_comes_from_the_urn_and_a_nested_input_does_not_replace() -> None:
    first = provider.create(target(TEMPLATE), GOOD[TEMPLATE], Operation(nonce="1"))
    again = provider.create(target(TEMPLATE), GOOD[TEMPLATE], Operation(nonce="2"))
    assert first.id == again.id != provider.create(target(TEMPLATE, "y"), GOOD[TEMPLATE], Operation(nonce="1")).id
    assert first.id.startswith("lt-")
    old, new = GOOD[TEMPLATE], {**GOOD[TEMPLATE], "metadataOptions": {"httpTokens": "optional"}, "name": "u"}
    assert provider.replaces(target(TEMPLATE), diff(old, new), old, new) == {"name"}


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
    # What the inputs name has no id of its own, and often no other output either.
    assert other != created or recorded_types()[type].identity


def test_a_section_of_the_list_has_what_aws_adds_beside_what_was_given() -> None:
    access = provider.create(target(CLUSTER), GOOD[CLUSTER], Operation(nonce="1")).outputs["vpcConfig"]
    assert access["subnetIds"] == ["subnet-1", "subnet-2"]
    assert access["clusterSecurityGroupId"].startswith("sg-")


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
