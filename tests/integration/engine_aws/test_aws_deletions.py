"""Deletions that AWS makes difficult: buckets and repositories with contents, windows, roles with policies."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.engine.provider import ProviderError
from tests.support.aws_cases import ASSUME, DOCUMENT
from tests.support.aws_hand import Hand

pytestmark = pytest.mark.integration

Client = Callable[[str], Any]


def word() -> str:
    return f"d{uuid.uuid4().hex[:16]}"


def test_a_bucket_with_objects_is_deleted_only_by_force_and_then_with_every_version(hand: Hand, direct: Client) -> None:
    name = word()
    bucket = hand.create("aws:s3/bucket:Bucket", name, {"bucket": name})
    s3 = direct("s3")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2", b"3"):
        s3.put_object(Bucket=name, Key="a", Body=body)
    s3.delete_object(Bucket=name, Key="a")
    with pytest.raises(ProviderError, match=f"the bucket {name} holds objects and forceDestroy is false; empty it"):
        bucket.delete()
    bucket.update({"bucket": name, "forceDestroy": True})
    bucket.delete()
    assert name not in [item["Name"] for item in s3.list_buckets()["Buckets"]]


def test_a_key_is_scheduled_for_deletion_with_its_window(hand: Hand, direct: Client) -> None:
    key = hand.create("aws:kms/key:Key", "k", {"description": word(), "deletionWindowInDays": 9})
    key.delete()
    metadata = direct("kms").describe_key(KeyId=key.id)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    assert (
        8 <= (metadata["DeletionDate"].replace(tzinfo=None) - metadata["CreationDate"].replace(tzinfo=None)).days <= 9
    )


def test_a_secret_without_a_window_frees_its_name_at_once(hand: Hand) -> None:
    name = word()
    for _ in range(2):
        secret = hand.create("aws:secretsmanager/secret:Secret", name, {"name": name, "recoveryWindowInDays": 0})
        secret.delete()


def test_a_secret_in_its_window_blocks_its_name_and_the_error_says_how_to_go_on(hand: Hand) -> None:
    name = word()
    hand.create("aws:secretsmanager/secret:Secret", name, {"name": name, "recoveryWindowInDays": 7}).delete()
    with pytest.raises(ProviderError, match=f"a secret named {name} is scheduled for deletion and blocks the name"):
        hand.create("aws:secretsmanager/secret:Secret", name, {"name": name})


def test_a_role_with_policies_of_others_is_deleted_only_by_force(hand: Hand, direct: Client) -> None:
    name = word()
    role = hand.create("aws:iam/role:Role", name, {"name": name, "assumeRolePolicy": ASSUME})
    policy = hand.create("aws:iam/policy:Policy", name, {"name": name, "policy": DOCUMENT})
    direct("iam").attach_role_policy(RoleName=name, PolicyArn=policy.id)
    direct("iam").put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=DOCUMENT)
    with pytest.raises(ProviderError, match="DeleteConflict"):
        role.delete()
    role.update({"name": name, "assumeRolePolicy": ASSUME, "forceDetachPolicies": True})
    role.delete()
    assert role.read() is None


def test_a_policy_changed_more_often_than_iam_keeps_versions_stays_changeable(hand: Hand, direct: Client) -> None:
    name = word()
    policy = hand.create("aws:iam/policy:Policy", name, {"name": name, "policy": DOCUMENT})
    for index in range(7):
        document = DOCUMENT.replace("*", f"arn:aws:s3:::b{index}/*")
        assert policy.update({"name": name, "policy": document})["policy"] == document
    assert len(direct("iam").list_policy_versions(PolicyArn=policy.id)["Versions"]) == 5
    policy.delete()
    assert policy.read() is None


def test_a_repository_with_images_is_deleted_only_by_force(hand: Hand, direct: Client) -> None:
    name = word()
    repository = hand.create("aws:ecr/repository:Repository", name, {"name": name})
    direct("ecr").put_image(
        repositoryName=name,
        imageTag="one",
        imageManifest='{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":'
        '"application/vnd.oci.image.config.v1+json","size":2,"digest":"sha256:' + "0" * 64 + '"},"layers":[]}',
    )
    with pytest.raises(ProviderError, match=f"the repository {name} holds images and forceDelete is false"):
        repository.delete()
    repository.update({"name": name, "forceDelete": True})
    repository.delete()
    assert repository.read() is None


def test_a_new_secret_value_becomes_the_current_one(hand: Hand, direct: Client) -> None:
    secret = hand.create("aws:secretsmanager/secret:Secret", "s", {"name": word(), "recoveryWindowInDays": 0})
    version = "aws:secretsmanager/secretVersion:SecretVersion"
    old = hand.create(version, "v", {"secretId": secret.id, "secretString": "one"})
    new = hand.create(version, "v", {"secretId": secret.id, "secretString": "two"})
    old.delete()
    current = direct("secretsmanager").get_secret_value(SecretId=secret.id)
    assert (current["SecretString"], current["VersionId"]) == ("two", new.outputs["versionId"])
    assert old.id != new.id


def test_a_vanished_thing_cannot_be_updated_and_the_error_says_what_to_run(hand: Hand, direct: Client) -> None:
    name = word()
    queue = hand.create("aws:sqs/queue:Queue", name, {"name": name})
    direct("sqs").delete_queue(QueueUrl=queue.id)
    with pytest.raises(ProviderError, match=r"does not exist any more, though the state has it; run `sandbox up --ref"):
        queue.update({"name": name, "delaySeconds": 3})
