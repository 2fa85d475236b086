"""Wrong account, expired credential, missing permission, region typo: said before anything is changed, against moto."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from sandbox.deploy.check import Check
from sandbox.deploy.cloud.backend import Backend
from sandbox.deploy.cloud.calls import Aws, LiveAws
from sandbox.deploy.cloud.place import CloudPlace
from sandbox.deploy.cloud.preflight import Declared, cloud_checks, require
from sandbox.errors import SandboxError
from tests.support.moto import moto_server
from tests.support.refusing_aws import RefusingAws, refusing_aws

pytestmark = pytest.mark.integration

ACCOUNT = "444455556666"
READS = ("Get", "List", "Describe", "HEAD", "GET", "Simulate")
NAMES = itertools.count()


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server(ACCOUNT) as url:
        yield url


@pytest.fixture
def gate(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RefusingAws]:
    """AWS as the user's own environment reaches it."""
    with refusing_aws(moto) as server:
        for name, value in {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)
        yield server


def place(**changes: Any) -> CloudPlace:
    made = CloudPlace(
        project=f"shop{next(NAMES)}",
        stack="prod",
        file="Pulumi.prod.yaml",
        account=ACCOUNT,
        region="us-east-1",
        cluster="eks",
        zones=("a", "b", "c"),
        encrypted=True,
    )
    return replace(made, secrets_provider=made.own_secrets_provider, **changes)


def looked(where: CloudPlace, found: Declared | None = None, aws: Aws | None = None) -> dict[str, Check]:
    live = aws or LiveAws(where.region)
    checks = cloud_checks(where, live, found, which=lambda name: name, reach=lambda _: True)
    return {check.name: check for check in checks}


def made(where: CloudPlace, aws: Aws | None = None) -> list[str]:
    said: list[str] = []
    Backend(where, aws or LiveAws(where.region), said.append).make()
    return said


def writes(gate: RefusingAws) -> list[str]:
    return [call for call in gate.seen if not call.startswith(READS)]


def keys_of(where: CloudPlace, moto: str) -> int:
    kms = boto3.client("kms", region_name="us-east-1", endpoint_url=moto)
    described = (kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys(Limit=1000)["Keys"])
    return sum(key["Description"].endswith(f" {where.project}/{where.stack}") for key in described)


def test_a_bootstrapped_stack_has_everything_that_its_deployment_needs(gate: RefusingAws) -> None:
    where = place()
    assert {"state bucket", "secrets provider"} == {name for name, check in looked(where).items() if check.missing}
    assert len(made(where)) == 10
    found = looked(where)
    assert [check for check in found.values() if not check.ok] == []
    assert found["state bucket"].found == f"{where.bucket}: versioned, encrypted, not public"
    assert found["state lock"].found == "free"


def test_a_second_bootstrap_changes_nothing(gate: RefusingAws) -> None:
    where = place()
    made(where)
    gate.seen.clear()
    assert made(where) == []
    assert writes(gate) == []


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_a_bootstrap_that_ends_before_any_of_its_calls_is_completed_by_the_next_one(
    gate: RefusingAws, moto: str, step: int
) -> None:
    aws = LiveAws("us-east-1")
    made(place(), aws)
    calls = len(gate.seen)
    assert calls > 15
    for last in range(0, calls, step):
        where = place()
        gate.seen.clear()
        gate.refuse = lambda _, last=last: "PowerCut" if len(gate.seen) > last else None
        with pytest.raises(SandboxError):
            made(where, aws)
        gate.refuse = lambda _: None
        made(where, aws)
        missing = {check.name for check in looked(where, aws=aws).values() if check.missing}
        assert not missing, f"after {last} calls"
        assert keys_of(where, moto) == 1, f"after {last} calls"


def test_what_somebody_changed_is_set_again(gate: RefusingAws, moto: str) -> None:
    where = place()
    made(where)
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=moto)
    s3.put_bucket_versioning(Bucket=where.bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_public_access_block(Bucket=where.bucket)
    assert looked(where)["state bucket"].found == f"{where.bucket}: not versioned; public access is not blocked"
    assert len(made(where)) == 2
    assert looked(where)["state bucket"].ok


def test_a_bucket_with_objects_that_was_not_made_for_this_is_left_alone(gate: RefusingAws, moto: str) -> None:
    where = place()
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=moto)
    s3.create_bucket(Bucket=where.bucket)
    s3.put_object(Bucket=where.bucket, Key="photos/1", Body=b"x")
    with pytest.raises(SandboxError, match="holds objects and was not made for this"):
        made(where)
    assert "Versioning" not in s3.get_bucket_versioning(Bucket=where.bucket)


@pytest.mark.parametrize("code", ["403", "BucketAlreadyExists"])
def test_a_bucket_of_another_account_is_refused(gate: RefusingAws, code: str) -> None:
    where = place()
    call = "HEAD /" if code == "403" else "PUT /"
    gate.refuse = lambda name: code if name.startswith(call + where.bucket) else None
    with pytest.raises(SandboxError, match="is another account's"):
        made(where)


def test_another_account_is_refused_before_anything_in_it_is_looked_at(gate: RefusingAws) -> None:
    where = place(account="111122223333")
    found = looked(where)
    assert list(found) == ["Pulumi CLI", "AWS command line", "AWS credential", "AWS account"]
    assert found["AWS account"].found == f"{ACCOUNT}, and Pulumi.prod.yaml pins aws.accountId 111122223333"
    assert gate.seen == ["GetCallerIdentity"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredToken", "the AWS credential has expired"),
        ("InvalidClientTokenId", "AWS does not know this credential in us-east-1"),
        ("UnrecognizedClientException", "AWS does not know this credential in us-east-1"),
        ("SignatureDoesNotMatch", "AWS does not know this credential in us-east-1"),
    ],
)
def test_a_credential_that_does_not_count_ends_the_run_with_its_cause(gate: RefusingAws, code: str, words: str) -> None:
    gate.refuse = lambda _: code
    where = place()
    with pytest.raises(SandboxError) as caught:
        require(cloud_checks(where, LiveAws(where.region), None, which=lambda name: name), where.stack)
    text = str(caught.value)
    assert text.startswith("1 thing stands in the way of prod; nothing was changed:\n  AWS credential: ")
    assert words in text
    assert "sign in again" in text
    assert gate.seen == ["GetCallerIdentity"]


@pytest.mark.parametrize(
    ("call", "check", "action"),
    [
        ("DescribeAvailabilityZones", "region and zones", "ec2:DescribeAvailabilityZones"),
        ("DescribeKey", "secrets provider", "kms:DescribeKey"),
        ("GET /clusters/", "cluster", "eks:DescribeCluster"),
        ("HEAD /", "state bucket", "s3:ListBucket"),
    ],
)
def test_a_missing_permission_is_named(gate: RefusingAws, call: str, check: str, action: str) -> None:
    where = place()
    made(where)
    gate.seen.clear()
    code = "UnauthorizedOperation" if call == "DescribeAvailabilityZones" else "AccessDeniedException"
    gate.refuse = lambda name: code if name.startswith(call) else None
    found = looked(where, Declared(clusters=("main",)))[check]
    assert found.missing
    assert action in found.found + found.fix
    assert writes(gate) == []


def test_a_zone_that_the_region_does_not_have_is_named(gate: RefusingAws) -> None:
    found = looked(place(region="us-west-1"))["region and zones"]
    assert found.missing
    assert "us-west-1c not among this account's zones" in found.found or "us-west-1b not" in found.found
    assert "name eks.zones among a" in found.fix


def test_a_region_where_nothing_answers_is_said_so(gate: RefusingAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    found = looked(place())["AWS credential"]
    assert "nothing answers at http://127.0.0.1:9" in found.found
    assert "is us-east-1 the right region" in found.fix


def test_no_credential_at_all_is_said_so(gate: RefusingAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert looked(place())["AWS credential"].found == "there is no AWS credential here"
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "AWS_PROFILE" in looked(place())["AWS credential"].found


def test_who_holds_the_states_lock_is_said(gate: RefusingAws, moto: str) -> None:
    where = place()
    made(where)
    lock = b'{"pid": 7, "username": "ann", "hostname": "desk", "timestamp": "2026-01-02T03:04:05Z"}'
    key = f".pulumi/locks/organization/{where.project}/prod/1.json"
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=moto)
    s3.delete_bucket_policy(Bucket=where.bucket)  # moto does not know aws:PrincipalAccount, and would refuse everybody
    s3.put_object(Bucket=where.bucket, Key=key, Body=lock)
    found = looked(where)["state lock"]
    assert found.missing
    assert found.found == "held by ann@desk (process 7) since 2026-01-02T03:04:05Z"
    assert "pulumi cancel --stack prod" in found.fix


def test_a_cluster_that_is_there_is_the_one_of_this_account(gate: RefusingAws, moto: str) -> None:
    where = place()
    eks = boto3.client("eks", region_name="us-east-1", endpoint_url=moto)
    role = f"arn:aws:iam::{ACCOUNT}:role/control-plane"
    eks.create_cluster(name=where.project, roleArn=role, resourcesVpcConfig={"subnetIds": []})
    found = looked(where, Declared(clusters=(where.project, "other")))
    assert found["cluster"].found == "other: the first `up` makes it"
    assert found["cluster's API"].ok


def test_an_earlier_state_can_be_brought_back_from_the_bucket(gate: RefusingAws, moto: str) -> None:
    where = place()
    made(where)
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=moto)
    s3.delete_bucket_policy(Bucket=where.bucket)  # as above
    state = {"Bucket": where.bucket, "Key": f".pulumi/stacks/{where.project}/prod.json"}
    good = s3.put_object(**state, Body=b"good")["VersionId"]
    s3.put_object(**state, Body=b"damaged")
    s3.delete_object(**state)
    assert good in {each["VersionId"] for each in s3.list_object_versions(Bucket=where.bucket)["Versions"]}
    s3.copy_object(**state, CopySource={**state, "VersionId": good})
    assert s3.get_object(**state)["Body"].read() == b"good"
