"""Answers that get lost, requests that fail and runs that are killed: nothing is created twice, nothing is lost."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.engine.provider import Created, Operation, PartialFailureError, ProviderError
from sandbox.engine.providers.aws.calls import Patience
from sandbox.engine.providers.aws.connection import AwsEndpoint
from sandbox.engine.providers.aws.provider import AwsProvider
from sandbox.engine.providers.aws.settings import AwsSettings
from tests.support import moto
from tests.support.aws_cases import ASSUME, DOCUMENT
from tests.support.aws_hand import Hand, target_of
from tests.support.moto import Proxy, Spoil

pytestmark = pytest.mark.integration

KEY = "aws:kms/key:Key"
VPC = "aws:ec2/vpc:Vpc"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"
QUEUE = "aws:sqs/queue:Queue"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"

Client = Callable[[str], Any]

SPOILS: tuple[Spoil, ...] = ("500", "429", "hang-up", "500-before")

CREATIONS = {
    KEY: ("CreateKey", lambda word: {"description": word}),
    VPC: ("CreateVpc", lambda word: {"cidrBlock": "10.7.0.0/16", "tags": {"word": word}}),
    BUCKET: ("PUT /", lambda word: {"bucket": word}),
    ROLE: ("CreateRole", lambda word: {"name": word, "assumeRolePolicy": ASSUME}),
    QUEUE: ("CreateQueue", lambda word: {"name": word}),
    SECRET: ("CreateSecret", lambda word: {"name": word, "recoveryWindowInDays": 0}),
    "aws:ecr/repository:Repository": ("CreateRepository", lambda word: {"name": word}),
    "aws:sns/topic:Topic": ("CreateTopic", lambda word: {"name": word}),
    "aws:cloudwatch/logGroup:LogGroup": ("CreateLogGroup", lambda word: {"name": word}),
    "aws:iam/policy:Policy": ("CreatePolicy", lambda word: {"name": word, "policy": DOCUMENT}),
}


def word() -> str:
    return f"f{uuid.uuid4().hex[:16]}"


def keys_described_as(direct: Client, text: str) -> list[str]:
    kms = direct("kms")
    ids = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    return [id for id in ids if kms.describe_key(KeyId=id)["KeyMetadata"]["Description"] == text]


def vpcs_tagged(direct: Client, text: str) -> list[str]:
    filters = [{"Name": "tag:word", "Values": [text]}]
    return [vpc["VpcId"] for vpc in direct("ec2").describe_vpcs(Filters=filters)["Vpcs"]]


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("type", CREATIONS, ids=lambda type: type.rpartition(":")[2])
def test_a_creation_whose_answer_is_lost_creates_one_thing(
    clumsy: Hand, faulty: Proxy, direct: Client, type: str, spoil: Spoil
) -> None:
    operation, inputs = CREATIONS[type]
    name = word()
    faulty.spoil(operation, spoil)
    thing = clumsy.create(type, name, inputs(name))
    creations = [seen for seen in faulty.seen if seen.startswith(operation) and "tagging" not in seen]
    assert len(creations) == (2 if spoil == "500-before" else 1)
    if type == KEY:
        assert keys_described_as(direct, name) == [thing.id]
    if type == VPC:
        assert vpcs_tagged(direct, name) == [thing.id]
    assert thing.read() is not None
    thing.delete()


def test_a_creation_whose_answer_never_comes_creates_one_thing(faulty: Proxy, direct: Client) -> None:
    name = word()
    direct("kms").create_key(Description="the first use of a service takes moto longer than the time-out below")
    hand = Hand(AwsProvider(AwsEndpoint(faulty.url, "eu-central-1", moto.ACCOUNT, read_timeout=2)))
    faulty.spoil("CreateKey", "silence")
    key = hand.create(KEY, name, {"description": name})
    assert keys_described_as(direct, name) == [key.id]
    assert faulty.count("CreateKey") == 1


def test_a_secret_value_whose_answer_is_lost_is_one_version(clumsy: Hand, faulty: Proxy, direct: Client) -> None:
    secret = clumsy.create(SECRET, "s", {"name": word(), "recoveryWindowInDays": 0})
    faulty.spoil("PutSecretValue", "hang-up")
    version = clumsy.create(VERSION, "v", {"secretId": secret.id, "secretString": "one"})
    listed = direct("secretsmanager").list_secret_version_ids(SecretId=secret.id)["Versions"]
    assert [item["VersionId"] for item in listed] == [version.outputs["versionId"]]


@pytest.mark.parametrize("type", [*CREATIONS], ids=lambda type: type.rpartition(":")[2])
def test_a_run_killed_after_the_creation_finds_its_thing_by_nonce(hand: Hand, type: str) -> None:
    name, nonce = word(), uuid.uuid4().hex
    inputs = CREATIONS[type][1](name)
    thing = hand.create(type, name, inputs, nonce)

    recovered = hand.provider.recover(thing.target, thing.inputs, nonce)
    assert recovered == Created(thing.id, thing.outputs)
    assert hand.provider.recover(thing.target, thing.inputs, "another nonce") is None
    thing.delete()
    assert hand.provider.recover(thing.target, thing.inputs, nonce) is None


def test_a_bucket_left_without_its_tags_is_found_and_completed(hand: Hand, direct: Client) -> None:
    name = word()
    location = {"LocationConstraint": "eu-central-1"}
    direct("s3").create_bucket(Bucket=name, CreateBucketConfiguration=location)
    target = target_of(BUCKET, name)
    inputs = hand.checked(target, {"bucket": name, "tags": {"a": "1"}})
    recovered = hand.provider.recover(target, inputs, "nonce")
    assert recovered is not None
    assert recovered.outputs["tagsAll"] == {"a": "1", "environment": "test"}
    tags = {tag["Key"] for tag in direct("s3").get_bucket_tagging(Bucket=name)["TagSet"]}
    assert tags == {"a", "environment", "platform:urn", "platform:nonce"}


def test_a_foreign_bucket_with_objects_is_not_taken_for_what_an_interrupted_creation_left(
    hand: Hand, direct: Client
) -> None:
    name = word()
    direct("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    direct("s3").put_object(Bucket=name, Key="theirs", Body=b"1")
    target = target_of(BUCKET, name)
    assert hand.provider.recover(target, hand.checked(target, {"bucket": name}), "nonce") is None


@pytest.mark.parametrize("type", [ROLE, QUEUE, BUCKET, "aws:sns/topic:Topic"], ids=lambda type: type.rpartition(":")[2])
def test_a_thing_of_somebody_else_with_the_name_is_refused_and_left_alone(
    hand: Hand, direct: Client, type: str
) -> None:
    name = word()
    if type == ROLE:
        direct("iam").create_role(RoleName=name, AssumeRolePolicyDocument=ASSUME)
    elif type == QUEUE:
        direct("sqs").create_queue(QueueName=name)
    elif type == BUCKET:
        direct("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    else:
        direct("sns").create_topic(Name=name)
    inputs = CREATIONS[type][1](name)
    target = target_of(type, name)
    with pytest.raises(ProviderError, match=rf"{name}.* exists already and was not made for this resource; delete it"):
        hand.create(type, name, inputs, "refused")
    assert hand.provider.recover(target, hand.checked(target, inputs), "refused") is None
    with pytest.raises(ProviderError, match="exists already"):
        hand.provider.preview_create(target, hand.checked(target, inputs))


def test_an_alias_of_another_key_is_refused(hand: Hand, direct: Client) -> None:
    name = f"alias/{word()}"
    theirs = hand.create(KEY, "theirs", {"description": "theirs"})
    ours = hand.create(KEY, "ours", {"description": "ours"})
    direct("kms").create_alias(AliasName=name, TargetKeyId=theirs.id)
    with pytest.raises(ProviderError, match="exists already"):
        hand.create("aws:kms/alias:Alias", "a", {"name": name, "targetKeyId": ours.id})


def test_what_an_earlier_run_of_the_same_resource_left_is_taken_over_and_brought_in_line(hand: Hand) -> None:
    name = word()
    first = hand.create(ROLE, name, {"name": name, "assumeRolePolicy": ASSUME, "description": "old"})
    second = hand.create(ROLE, name, {"name": name, "assumeRolePolicy": ASSUME, "description": "new"})
    assert second.outputs["uniqueId"] == first.outputs["uniqueId"]
    assert second.outputs["description"] == "new"


def test_a_creation_that_stops_half_way_is_reported_as_existing_and_completed_by_an_update(
    clumsy: Hand, faulty: Proxy
) -> None:
    target = target_of(KEY, "half")
    inputs = clumsy.checked(target, {"description": word(), "enableKeyRotation": True})
    faulty.spoil("EnableKeyRotation", "500-before", times=99)
    with pytest.raises(PartialFailureError, match=r"EnableKeyRotation failed: 500.*exists; the next `up`") as caught:
        clumsy.provider.create(target, inputs, clumsy.operation())
    faulty.rule = lambda _: None
    id, outputs = caught.value.id, caught.value.outputs
    completed = clumsy.provider.update(target, id, outputs, inputs, inputs, clumsy.operation())
    assert completed["enableKeyRotation"] is True
    live = clumsy.provider.read(target, id, inputs, completed)
    assert live is not None
    assert live.inputs == inputs


def test_a_tenth_of_all_calls_failing_still_succeeds(clumsy: Hand, faulty: Proxy) -> None:
    count = 0

    def every_tenth(_: str) -> Spoil | None:
        nonlocal count
        count += 1
        return ("500", "429", "hang-up")[count // 10 % 3] if count % 10 == 0 else None

    faulty.rule = every_tenth  # type: ignore[assignment]
    for index in range(5):
        name = word()
        bucket = clumsy.create(BUCKET, name, {"bucket": name, "tags": {"index": str(index)}})
        role = clumsy.create(ROLE, name, {"name": name, "assumeRolePolicy": ASSUME})
        vpc = clumsy.create(VPC, name, {"cidrBlock": "10.9.0.0/16"})
        for thing in (bucket, role, vpc):
            thing.delete()
            assert thing.read() is None
    assert count > 100


def test_an_error_names_service_operation_resource_and_cause(hand: Hand) -> None:
    pattern = r"urn:pulumi:test::.*::r: iam PutRolePolicy failed: NoSuchEntity \(HTTP 404\): .*absent"
    with pytest.raises(ProviderError, match=pattern):
        hand.create("aws:iam/rolePolicy:RolePolicy", "r", {"role": "absent", "name": "p", "policy": "{}"})


def test_an_error_never_shows_a_secret_value(hand: Hand) -> None:
    with pytest.raises(ProviderError) as caught:
        hand.create(VERSION, "v", {"secretId": "s3cr3t-value", "secretString": "s3cr3t-value"})
    assert "s3cr3t" not in str(caught.value).partition("failed")[2]


def test_a_server_that_is_gone_is_said_so() -> None:
    endpoint = AwsEndpoint(f"http://127.0.0.1:{moto.free_port()}", "eu-central-1", moto.ACCOUNT)
    hand = Hand(AwsProvider(endpoint, patience=Patience(attempts=3, first=0.01)))
    with pytest.raises(ProviderError, match=r"nothing answers at http://127.0.0.1:\d+; is the sandbox still running"):
        hand.create(KEY, "k", {})


def test_another_account_is_refused_before_anything_is_written(server: str, direct: Client) -> None:
    name = word()
    endpoint = AwsEndpoint(server, "eu-central-1", "999999999999")
    with pytest.raises(ProviderError, match="serves AWS account 210987654321, but 999999999999 is expected"):
        Hand(AwsProvider(endpoint)).create(QUEUE, name, {"name": name})
    settings = AwsSettings(allowed_accounts=("111111111111",))
    with pytest.raises(ProviderError, match=r"allowedAccountIds: .* 210987654321 is not one of 111111111111"):
        Hand(AwsProvider(AwsEndpoint(server, "eu-central-1", moto.ACCOUNT), settings)).create(
            QUEUE, name, {"name": name}
        )
    assert not direct("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls")


def test_a_stopped_run_ends_the_wait_between_attempts(faulty: Proxy) -> None:
    endpoint = AwsEndpoint(faulty.url, "eu-central-1", moto.ACCOUNT)
    provider = AwsProvider(endpoint, patience=Patience(attempts=5, first=60.0, longest=60.0))
    hand = Hand(provider)
    target = target_of(KEY, "k")
    inputs = hand.checked(target, {})
    hand.provider.recover(target, inputs, "warms up")
    faulty.spoil("CreateKey", "500", times=99)
    stopped = threading.Event()
    threading.Timer(0.2, stopped.set).start()
    with pytest.raises(ProviderError, match="the run was stopped while this was being repeated"):
        provider.create(target, inputs, Operation(nonce="n", cancelled=stopped))


def test_the_users_own_aws_configuration_is_never_read(
    endpoint: AwsEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    broken = tmp_path / "config"
    broken.write_text("garbage [")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(broken))
    for name in ("AWS_PROFILE", "AWS_RETRY_MODE", "AWS_DEFAULTS_MODE", "AWS_STS_REGIONAL_ENDPOINTS"):
        monkeypatch.setenv(name, "nonsense")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "theirs")
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    name = word()
    thing = Hand(AwsProvider(endpoint)).create(BUCKET, name, {"bucket": name})
    assert thing.outputs["bucketRegion"] == "eu-central-1"


def test_many_threads_share_one_provider(hand: Hand) -> None:
    failures: list[BaseException] = []

    def work(index: int) -> None:
        try:
            name = word()
            thing = hand.create(QUEUE, name, {"name": name, "delaySeconds": index})
            assert thing.outputs["delaySeconds"] == index
            thing.delete()
        except BaseException as error:  # noqa: BLE001 handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
