"""What grants become: the least statements, deterministic, within IAM's limits, and refused when they are not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from infra.core.errors import ConfigurationError
from infra.core.iam import (
    AwsPlace,
    BucketPrefix,
    Grant,
    GroupScaling,
    ImagePull,
    KeyUse,
    LogWrite,
    QueueUse,
    SecretRead,
    ServiceSecretRead,
    TargetRegistration,
    TopicPublish,
    boundary_document,
    pod_trust_document,
    policy_document,
)
from infra.core.iam.cluster_grants import SCALING_READS, TARGET_READS
from tests.support.iam_evaluator import Request, allows, decide

PLACE = AwsPlace(account_id="444455556666", region="us-east-1")
KEY = "arn:aws:kms:us-east-1:444455556666:key/11111111-2222-3333-4444-555555555555"
KEYS = {"lakehouse": KEY}
BUCKET = "analytics-platform-prod-lakehouse-444455556666"
FILE = "infra/catalog/tenants.yaml"
S3 = "s3.us-east-1.amazonaws.com"

EVERYTHING: tuple[Any, ...] = (
    BucketPrefix(bucket=BUCKET, prefix="tenants/desk/", access=("list", "read", "write", "delete"), key="lakehouse"),
    KeyUse(key="lakehouse", via="secretsmanager", use="decrypt"),
    SecretRead(name="analytics-platform/prod/kafka/desk", key="lakehouse"),
    ImagePull(repository="analytics-platform/stream-gateway"),
    QueueUse(queue="analytics-platform-prod-jobs", role="send", key="lakehouse"),
    QueueUse(queue="analytics-platform-prod-done.fifo", role="receive"),
    TopicPublish(topic="analytics-platform-prod-news", key="lakehouse"),
    LogWrite(group="/analytics-platform/prod/desk"),
    TargetRegistration(group="analytics-platform-prod-kong"),
    GroupScaling(cluster="analytics-platform-prod"),
)
DESCRIBES = {*TARGET_READS, *SCALING_READS, "ecr:GetAuthorizationToken"}


def written(*grants: Any) -> str:
    return policy_document("desk", grants, PLACE, KEYS, file=FILE)


def statements(document: str) -> list[dict[str, Any]]:
    return json.loads(document)["Statement"]


def test_no_statement_allows_every_action_or_writes_to_every_resource():
    for statement in statements(written(*EVERYTHING)):
        assert all("*" not in action for action in statement["Action"])
        if "*" in statement["Resource"]:
            assert set(statement["Action"]) <= DESCRIBES
    assert all(action.split(":")[1].startswith(("Describe", "Get")) for action in DESCRIBES)


def test_the_order_of_grants_and_their_repetition_change_nothing():
    document = written(*EVERYTHING)
    assert written(*reversed(EVERYTHING)) == document == written(*EVERYTHING, *EVERYTHING)


def test_every_statement_has_an_identifier_of_letters_and_digits_that_no_other_has():
    identifiers = [statement["Sid"] for statement in statements(written(*EVERYTHING))]
    assert len(set(identifiers)) == len(identifiers)
    assert all(identifier.isalnum() for identifier in identifiers)


def test_what_is_read_is_neither_written_nor_deleted_nor_listed():
    document = written(BucketPrefix(bucket=BUCKET, prefix="raw/", access=("read",), key="lakehouse"))
    resource = f"arn:aws:s3:::{BUCKET}/raw/day=1/part.parquet"
    assert allows(Request("s3:GetObject", resource), document)
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:GetObjectVersion"):
        assert not allows(Request(action, resource), document)
    assert not allows(Request("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": "raw/"}), document)
    use = {"kms:ViaService": S3, "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}"}
    assert allows(Request("kms:Decrypt", KEY, use), document)
    assert not allows(Request("kms:GenerateDataKey", KEY, use), document)


@pytest.mark.parametrize(
    ("prefix", "allowed"),
    [
        ("tenants/desk/", True),
        ("tenants/desk/day=1/", True),
        ("tenants/desk", False),
        ("tenants/desk-two/", False),
        ("tenants/", False),
        ("", False),
        (None, False),
    ],
)
def test_listing_is_bound_to_the_prefix(prefix: str | None, allowed: bool):
    context = {} if prefix is None else {"s3:prefix": prefix}
    assert allows(Request("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", context), written(EVERYTHING[0])) is allowed


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"kms:ViaService": S3},
        {"kms:ViaService": S3, "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::another"},
        {"kms:ViaService": S3, "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}/tenants/other/x"},
        {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}"},
    ],
)
def test_a_key_is_used_only_by_the_service_and_for_the_prefix(context: dict[str, str]):
    assert not allows(Request("kms:Decrypt", KEY, context), written(EVERYTHING[0]))


def test_who_has_a_bucket_for_itself_may_list_it_whole_and_still_reads_below_its_prefix_only():
    document = written(BucketPrefix(bucket=BUCKET, prefix="velero/", access=("list", "read"), sole=True))
    assert allows(Request("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {}), document)
    assert allows(Request("s3:GetObject", f"arn:aws:s3:::{BUCKET}/velero/a", {}), document)
    assert not allows(Request("s3:GetObject", f"arn:aws:s3:::{BUCKET}/other/a", {}), document)


def test_deleting_alone_needs_no_key():
    document = written(BucketPrefix(bucket=BUCKET, prefix="tmp/", access=("delete",), key="lakehouse"))
    assert [statement["Action"] for statement in statements(document)] == [["s3:DeleteObject"]]


def test_a_secret_is_that_secret_and_none_whose_name_begins_alike():
    document = written(SecretRead(name="analytics-platform/prod/kafka/desk"))
    begin = "arn:aws:secretsmanager:us-east-1:444455556666:secret:analytics-platform/prod/kafka"
    assert allows(Request("secretsmanager:GetSecretValue", f"{begin}/desk-AbC123"), document)
    for other in ("desk-two-AbC123", "desk", "desks-AbC123", "desk-AbC1234"):
        assert not allows(Request("secretsmanager:GetSecretValue", f"{begin}/{other}"), document)
    assert not allows(Request("secretsmanager:PutSecretValue", f"{begin}/desk-AbC123"), document)


def test_who_sends_to_a_queue_cannot_receive_and_who_receives_cannot_send():
    send, receive = written(EVERYTHING[4]), written(EVERYTHING[5])
    queue = "arn:aws:sqs:us-east-1:444455556666:analytics-platform-prod-"
    assert allows(Request("sqs:SendMessage", f"{queue}jobs"), send)
    assert not allows(Request("sqs:ReceiveMessage", f"{queue}jobs"), send)
    assert allows(Request("sqs:ReceiveMessage", f"{queue}done.fifo"), receive)
    assert not allows(Request("sqs:SendMessage", f"{queue}done.fifo"), receive)


def test_a_policy_that_iam_would_not_take_is_refused_with_its_size_and_a_fix():
    many = [BucketPrefix(bucket=BUCKET, prefix=f"tenants/desk/area-{n}/", access=("read",)) for n in range(100)]
    with pytest.raises(ConfigurationError) as refusal:
        written(*many)
    (problem,) = refusal.value.problems
    assert (problem.file, problem.field) == (FILE, "desk.uses")
    assert "at most 6,144 characters" in problem.limit
    assert "characters of policy" in problem.value
    assert "split the workload" in problem.fix


def test_a_trust_policy_that_iam_would_not_take_is_refused():
    with pytest.raises(ConfigurationError, match="at most 2,048 characters"):
        pod_trust_document(PLACE, "c", "tenant-desk", [f"kafka-{n:060d}" for n in range(40)], file=FILE)


def test_a_policy_has_no_white_space_that_would_make_it_longer_than_iam_counts():
    assert not any(character.isspace() for character in written(*EVERYTHING))


def test_a_grant_that_refers_to_an_unknown_key_names_it_and_the_known_ones():
    with pytest.raises(ValueError, match=r"'lakehouse', whose ARN was not given; given: none"):
        policy_document("desk", EVERYTHING[:1], PLACE, {}, file=FILE)


@pytest.mark.parametrize(
    "grant",
    [
        {"kind": "bucket", "bucket": BUCKET, "prefix": "tenants/desk", "access": ["read"]},
        {"kind": "bucket", "bucket": BUCKET, "prefix": "tenants/*/", "access": ["read"]},
        {"kind": "bucket", "bucket": BUCKET, "prefix": "${aws:username}/", "access": ["read"]},
        {"kind": "bucket", "bucket": BUCKET, "prefix": "", "access": ["read"]},
        {"kind": "bucket", "bucket": "*", "prefix": "a/", "access": ["read"]},
        {"kind": "bucket", "bucket": BUCKET, "prefix": "a/", "access": []},
        {"kind": "bucket", "bucket": BUCKET, "prefix": "a/", "access": ["admin"]},
        {"kind": "secret", "name": "kafka/*"},
        {"kind": "image", "repository": "*"},
        {"kind": "queue", "queue": "jobs*", "role": "send"},
        {"kind": "queue", "queue": "jobs", "role": "both"},
        {"kind": "topic", "topic": "*"},
        {"kind": "log", "group": "/a/*"},
        {"kind": "key", "key": "", "via": "s3", "use": "decrypt"},
        {"kind": "key", "key": "k", "via": "ec2", "use": "decrypt"},
        {"kind": "everything"},
    ],
)
def test_a_grant_with_a_wildcard_or_an_unknown_word_is_refused(grant: dict[str, Any]):
    with pytest.raises(ValidationError):
        TypeAdapter(Grant).validate_json(json.dumps(grant))


@pytest.mark.parametrize("place", [{"account_id": "1", "region": "us-east-1"}, {"account_id": "4" * 12, "region": "*"}])
def test_a_place_is_an_account_and_a_region(place: dict[str, str]):
    with pytest.raises(ValidationError):
        AwsPlace(**place)


TAGS = {
    "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:us-east-1:444455556666:cluster/main",
    "aws:RequestTag/kubernetes-namespace": "tenant-desk",
    "aws:RequestTag/kubernetes-service-account": "kafka-desk",
}
PODS = ("Service", "pods.eks.amazonaws.com")


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("aws:RequestTag/eks-cluster-arn", "arn:aws:eks:us-east-1:444455556666:cluster/other"),
        ("aws:RequestTag/kubernetes-namespace", "tenant-desk-two"),
        ("aws:RequestTag/kubernetes-service-account", "default"),
        ("aws:RequestTag/kubernetes-service-account", None),
    ],
)
def test_only_the_pods_of_the_workload_can_take_its_role(tag: str, value: str | None):
    trust = pod_trust_document(PLACE, "main", "tenant-desk", ["kafka-desk", "kafka-desk"], file=FILE)
    others = {key: given for key, given in (TAGS | {tag: value}).items() if given is not None}
    for action in ("sts:AssumeRole", "sts:TagSession"):
        assert decide(Request(action, "*", TAGS, PODS), on_resource=[trust]) == "allowed"
        assert decide(Request(action, "*", others, PODS), on_resource=[trust]) == "implicitly denied"
        user = ("AWS", "arn:aws:iam::444455556666:user/somebody")
        assert decide(Request(action, "*", TAGS, user), on_resource=[trust]) == "implicitly denied"


@pytest.mark.parametrize(
    ("action", "resource", "context", "decision"),
    [
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/x", {"aws:ResourceAccount": "444455556666"}, "allowed"),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/x", {"aws:ResourceAccount": "999999999999"}, "implicitly denied"),
        (
            "s3:GetObject",
            "arn:aws:s3:::analytics-platform-dev-lakehouse-444455556666/x",
            {"aws:ResourceAccount": "444455556666"},
            "implicitly denied",
        ),
        ("s3:PutBucketPolicy", f"arn:aws:s3:::{BUCKET}", {"aws:ResourceAccount": "444455556666"}, "implicitly denied"),
        ("kms:Decrypt", KEY, {"kms:ViaService": S3}, "allowed"),
        ("kms:Decrypt", KEY, {}, "implicitly denied"),
        ("kms:ScheduleKeyDeletion", KEY, {"kms:ViaService": S3}, "implicitly denied"),
        ("iam:CreateUser", "*", {}, "implicitly denied"),
        ("sts:AssumeRole", "arn:aws:iam::444455556666:role/admin", {}, "implicitly denied"),
        ("kms:Decrypt", KEY, {"kms:ViaService": S3, "aws:SecureTransport": "false"}, "explicitly denied"),
    ],
)
def test_nobody_passes_the_boundary_whatever_their_policy_allows(
    action: str, resource: str, context: dict[str, str], decision: str
):
    free = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    boundary = boundary_document(PLACE, "prod")
    assert decide(Request(action, resource, context), [free], boundary=boundary) == decision


SECRET = "arn:aws:secretsmanager:us-east-1:444455556666:secret:rds!db-1234-AbCdEf"
OTHER = "arn:aws:secretsmanager:us-east-1:444455556666:secret:rds!db-5678-AbCdEf"
TAG = "aws:ResourceTag/aws:rds:primaryDBInstanceArn"
INSTANCE = "arn:aws:rds:us-east-1:444455556666:db:analytics-platform-prod"


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("secretsmanager:GetSecretValue", SECRET, {TAG: INSTANCE}, True),
        ("secretsmanager:GetSecretValue", OTHER, {TAG: INSTANCE}, False),
        # RDS's tag is what the boundary goes by: another instance's secret is refused even to a policy that names it.
        ("secretsmanager:GetSecretValue", SECRET, {TAG: INSTANCE.replace("-prod", "-dev")}, False),
        ("secretsmanager:GetSecretValue", SECRET, {}, False),
        ("secretsmanager:PutSecretValue", SECRET, {TAG: INSTANCE}, False),
        ("kms:Decrypt", KEY, {"kms:EncryptionContext:SecretARN": SECRET}, True),
        ("kms:Decrypt", KEY, {"kms:EncryptionContext:SecretARN": OTHER}, False),
        ("kms:Decrypt", KEY, {}, False),
        ("kms:GenerateDataKey", KEY, {"kms:EncryptionContext:SecretARN": SECRET}, False),
    ],
)
def test_a_secret_that_aws_named_is_read_alone_and_with_its_key_for_it_alone(
    action: str, resource: str, context: dict[str, str], allowed: bool
):
    grant = ServiceSecretRead(secret="administrator", key="lakehouse")
    policy = policy_document("job", [grant], PLACE, {**KEYS, "administrator": SECRET}, file=FILE)
    via = {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"} if action.startswith("kms:") else {}
    request = Request(action, resource, {**context, **via})
    assert allows(request, policy, boundary=boundary_document(PLACE, "prod")) is allowed


def test_a_secret_whose_arn_nobody_gave_is_named():
    grant = ServiceSecretRead(secret="administrator", key="lakehouse")
    with pytest.raises(ValueError, match="'administrator', whose ARN was not given; given: lakehouse"):
        policy_document("job", [grant], PLACE, KEYS, file=FILE)


def test_every_action_that_a_grant_can_give_is_within_the_boundary():
    limits = {
        action for statement in statements(boundary_document(PLACE, "prod"))[:-1] for action in statement["Action"]
    }
    assert limits == {action for statement in statements(written(*EVERYTHING)) for action in statement["Action"]}
