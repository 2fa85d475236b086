from typing import Any

import pytest

from sandbox.engine.diff import diff
from sandbox.engine.provider import Target
from sandbox.engine.providers.aws.connection import AwsEndpoint
from sandbox.engine.providers.aws.provider import AwsProvider
from sandbox.engine.providers.aws.registry import ADAPTERS
from sandbox.engine.providers.aws.settings import AwsSettings
from sandbox.engine.providers.recorded.listing import recorded_types
from sandbox.engine.values import UNKNOWN

BUCKET = "aws:s3/bucket:Bucket"
ALIAS = "aws:kms/alias:Alias"


@pytest.fixture
def aws() -> AwsProvider:
    endpoint = AwsEndpoint("http://127.0.0.1:9", "eu-central-1", "123456789012")
    return AwsProvider(endpoint, AwsSettings(default_tags={"team": "data"}))


def target(type: str) -> Target:
    return Target(f"urn:pulumi:s::p::{type}::x", type, "x")


def test_adapted_and_listed_types_are_supported_and_no_other(aws: AwsProvider) -> None:
    assert aws.supports(BUCKET)
    assert aws.supports("aws:eks/addon:Addon")
    assert not aws.supports("aws:dynamodb/table:Table")


def test_a_type_that_has_an_adapter_is_not_recorded() -> None:
    assert set(ADAPTERS) & set(recorded_types()) == set()


def test_check_fills_in_defaults_and_the_providers_tags(aws: AwsProvider) -> None:
    checked = aws.check(target(BUCKET), {"bucket": "lake", "tags": {"a": "1"}}, None)
    assert checked.failures == []
    assert checked.inputs["forceDestroy"] is False
    assert checked.inputs["tagsAll"] == {"team": "data", "a": "1"}


def test_checking_checked_inputs_again_changes_nothing(aws: AwsProvider) -> None:
    once = aws.check(target(BUCKET), {"bucket": "lake", "tags": {"a": "1"}}, None).inputs
    assert aws.check(target(BUCKET), once, once).inputs == once


def test_check_names_each_wrong_property(aws: AwsProvider) -> None:
    inputs = {"bucket": "UPPER", "acl": "private", "region": "us-east-1"}
    failures = {failure.property: failure.reason for failure in aws.check(target(BUCKET), inputs, None).failures}
    assert set(failures) == {"bucket", "acl", "region"}
    assert "us-east-1 is not served; this provider's region is eu-central-1" in failures["region"]
    assert "does not support it here" in failures["acl"]


@pytest.mark.parametrize(
    ("type", "old", "new", "replaced"),
    [
        (BUCKET, {"bucket": "a", "forceDestroy": False}, {"bucket": "b", "forceDestroy": True}, {"bucket"}),
        (ALIAS, {"name": "alias/a", "targetKeyId": "1"}, {"name": "alias/a", "targetKeyId": "2"}, set()),
        ("aws:sqs/queue:Queue", {"name": "q", "fifoQueue": False}, {"name": "q", "fifoQueue": True}, {"fifoQueue"}),
        (
            "aws:secretsmanager/secretVersion:SecretVersion",
            {"secretString": "a"},
            {"secretString": UNKNOWN},
            {"secretString"},
        ),
        ("aws:ecr/lifecyclePolicy:LifecyclePolicy", {"policy": "{}"}, {"policy": "[]"}, {"policy"}),
    ],
)
def test_only_what_aws_cannot_change_replaces(
    aws: AwsProvider, type: str, old: dict[str, Any], new: dict[str, Any], replaced: set[str]
) -> None:
    assert aws.replaces(target(type), diff(old, new), old, new) == replaced


@pytest.mark.parametrize(
    ("type", "old", "new", "first"),
    [
        (BUCKET, {"bucket": "a"}, {"bucket": "b"}, False),
        (BUCKET, {"bucket": "a", "objectLockEnabled": False}, {"bucket": "a", "objectLockEnabled": True}, True),
        (BUCKET, {"bucket": "a"}, {"bucket": UNKNOWN}, True),
        ("aws:kms/key:Key", {"multiRegion": False}, {"multiRegion": True}, False),
        ("aws:secretsmanager/secretVersion:SecretVersion", {"secretString": "a"}, {"secretString": "b"}, False),
        ("aws:ec2/securityGroup:SecurityGroup", {"name": "a", "vpcId": "1"}, {"name": "a", "vpcId": "1"}, True),
        ("aws:ec2/securityGroup:SecurityGroup", {"name": "a", "vpcId": "1"}, {"name": "a", "vpcId": "2"}, False),
    ],
)
def test_the_old_thing_goes_first_exactly_when_both_would_have_one_name(
    aws: AwsProvider, type: str, old: dict[str, Any], new: dict[str, Any], first: bool
) -> None:
    assert aws.delete_before_replace(target(type), old, new) is first


def test_a_previewed_creation_knows_its_inputs_and_constants_and_nothing_else(aws: AwsProvider) -> None:
    inputs = aws.check(target(ALIAS), {"name": "alias/a", "targetKeyId": UNKNOWN}, None).inputs
    preview = aws.preview_create(target(ALIAS), inputs)
    assert preview.validated == "offline"
    assert preview.outputs == {
        "name": "alias/a",
        "namePrefix": "",
        "targetKeyId": UNKNOWN,
        "arn": UNKNOWN,
        "targetKeyArn": UNKNOWN,
    }


def test_a_previewed_update_keeps_what_does_not_change(aws: AwsProvider) -> None:
    old = {"name": "alias/a", "targetKeyId": "1"}
    outputs = {**old, "arn": "arn:1"}
    preview = aws.preview_update(target(ALIAS), "alias/a", outputs, old, {**old, "targetKeyId": "2"})
    assert preview.outputs == {"name": "alias/a", "targetKeyId": "2", "arn": "arn:1"}


def test_secret_values_are_always_secret(aws: AwsProvider) -> None:
    version = "aws:secretsmanager/secretVersion:SecretVersion"
    assert aws.secret_outputs(version) == {"secretString", "secretBinary"}
    assert aws.secret_outputs(BUCKET) == frozenset()
    assert aws.secret_outputs("aws:eks/addon:Addon") == frozenset()


def test_what_is_never_an_output_is_said_with_what_to_use_instead(aws: AwsProvider) -> None:
    assert "aws:s3/bucketVersioning:BucketVersioning" in aws.absent_outputs(BUCKET)["versioning"]
    assert aws.absent_outputs(ALIAS) == {}


def test_importing_the_provider_does_not_import_the_aws_library() -> None:
    import subprocess
    import sys

    lazy = "('botocore', 'cfnlint', 'pulumi_aws')"
    code = f"import sys, sandbox.engine.providers.aws.provider; sys.exit(any(m in sys.modules for m in {lazy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
