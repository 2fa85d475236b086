"""What each rendered stack declares in AWS, and how it is reached."""

from __future__ import annotations

import inspect
import json

import pytest
from pulumi_aws import ProviderEndpointArgs

from infra.stacks.files import read_catalog
from infra.stacks.providers import AWS_SERVICES
from tests.support.pulumi_mocks import EMULATOR
from tests.support.renders import rendered

STACKS = ("local", "dev", "prod")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
every_stack = pytest.mark.parametrize("stack", STACKS)

SERVICES_OF_MODULES = {"vpc": "ec2", "costexplorer": "ce", "lb": "elbv2"}
"""Modules of the SDK that are not named as the service which they call."""


@every_stack
def test_the_bucket_is_private_encrypted_versioned_and_refuses_plain_http(stack: str):
    run = rendered(stack)
    block = run.named("object-store-public-access").inputs
    assert all(block[k] for k in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"))
    assert run.named("object-store-versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    rule = run.named("object-store-encryption").inputs["rules"][0]["applyServerSideEncryptionByDefault"]
    assert rule["sseAlgorithm"] == "aws:kms"
    policy = json.loads(run.named("object-store-policy").inputs["policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert run.named("object-store-key").inputs["enableKeyRotation"] is True
    account = EMULATOR["accountId"] if stack == "local" else None
    bucket = run.outputs["lakehouseBucket"]
    assert bucket.startswith(f"analytics-platform-{stack}-lakehouse-")
    assert account is None or bucket.endswith(account)


def test_an_emulator_is_reached_with_dummy_credentials_and_a_real_account_is_pinned():
    emulated = rendered("local").named("aws").inputs
    assert emulated["accessKey"] == "test"
    assert EMULATOR["endpoint"] in emulated["endpoints"]
    assert "allowedAccountIds" not in emulated
    real = rendered("prod").named("aws").inputs
    assert "444455556666" in real["allowedAccountIds"]
    assert "accessKey" not in real


def service(type_: str) -> str:
    """Which service the provider calls for a type, as its ``endpoints`` name it."""
    _, module, _ = type_.split(":")
    module, kind = module.split("/")
    if module == "cloudwatch" and kind.startswith(("event", "log")):
        return "events" if kind.startswith("event") else "logs"
    return SERVICES_OF_MODULES.get(module, module)


def test_with_an_emulator_no_call_goes_to_aws():
    used = {service(r.type) for stack in STACKS for r in rendered(stack).resources if r.type.startswith("aws:")}
    assert len(used) > 15
    # Who the caller is, the provider asks by itself.
    assert used | {"sts"} == set(AWS_SERVICES)
    assert set(AWS_SERVICES) <= set(inspect.signature(ProviderEndpointArgs).parameters)
    (endpoints,) = json.loads(rendered("local").named("aws").inputs["endpoints"])
    assert endpoints == dict.fromkeys(AWS_SERVICES, EMULATOR["endpoint"])


@pytest.mark.parametrize(("stack", "days"), [("dev", 0), ("prod", 30)])
def test_a_deleted_secret_can_be_restored_in_production_only(stack: str, days: int):
    secrets = rendered(stack).of_type("secretsmanager/secret:Secret")
    users = {secret.inputs["name"].rpartition("/kafka/")[2] for secret in secrets if "/kafka/" in secret.inputs["name"]}
    assert users == set(read_catalog().users)
    assert {secret.inputs["recoveryWindowInDays"] for secret in secrets} == {days}


def test_without_an_account_there_is_no_aws_at_all():
    assert not [r for r in rendered("local", aws=None).resources if "aws" in r.type]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_lakehouse_is_as_sensitive_as_its_most_sensitive_dataset_and_its_use_is_recorded(stack: str):
    run = rendered(stack)
    lake, logs = run.named("object-store-bucket").inputs, run.named("object-store-logs").inputs
    assert lake["tags"]["DataClass"] == "pii"
    logging = run.named("object-store-logging").inputs
    assert (logging["bucket"], logging["targetBucket"]) == (lake["bucket"], logs["bucket"])
    deliver, tls = json.loads(run.named("object-store-logs-policy").inputs["policy"])["Statement"]
    assert deliver["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:s3:::{lake['bucket']}"}
    assert deliver["Resource"] == f"arn:aws:s3:::{logs['bucket']}/{logging['targetPrefix']}*"
    assert tls["Effect"] == "Deny"
    assert run.named("object-store-logs-versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert run.named("object-store-logs-lifecycle").inputs["rules"][0]["expiration"]["days"] == 365
    assert run.named("object-store-logs").request.protect
