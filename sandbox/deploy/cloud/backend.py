"""Makes what must be there before a stack's first deployment: the bucket of its state, and the key that encrypts both.

Each step looks first and changes only what is otherwise, so that a run which was interrupted anywhere is completed by
the next one, and a run with nothing to do changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sandbox.deploy.cloud.calls import Aws
from sandbox.deploy.cloud.failures import Refusal
from sandbox.deploy.cloud.place import CloudPlace
from sandbox.errors import SandboxError

KEEP_DAYS: Final = 365
"""How long a replaced version of the state can be brought back."""

STALE_UPLOAD_DAYS: Final = 7
"""After how long an upload that nobody completed is removed."""

_PART: Final = "platform/state-of"
"""The tag that says whose state a bucket or a key is for."""

_SETTINGS: Final = (
    (
        "public_access_block",
        "PublicAccessBlockConfiguration",
        "BucketPublicAccessBlock",
        "blocked public access to the bucket",
    ),
    ("bucket_policy", "Policy", "BucketPolicy", "refused requests without TLS, and those of other accounts"),
    ("bucket_versioning", "VersioningConfiguration", "BucketVersioning", "made it keep replaced versions"),
    (
        "bucket_encryption",
        "ServerSideEncryptionConfiguration",
        "EncryptionConfiguration",
        "set it to encrypt by the key",
    ),
    (
        "bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        "LifecycleConfiguration",
        f"set replaced versions to go after {KEEP_DAYS} days",
    ),
    ("bucket_tagging", "Tagging", "BucketTagging", "tagged it"),
)
"""Each setting of the bucket in boto3's words, the parameter, the permission's noun, and what to say of it."""

Say = Callable[[str], None]


class Backend:
    """The state bucket and its key in one account.

    Args:
        place: where the stack lives.
        aws: the account, whose identity was checked already.
        say: told what was done, one line for each step that changed something.
    """

    def __init__(self, place: CloudPlace, aws: Aws, say: Say) -> None:
        self._place = place
        self._aws = aws
        self._say = say
        self._tags = {_PART: f"{place.project}/{place.stack}", "ManagedBy": "sandbox bootstrap"}
        self._owned = {"Bucket": place.bucket, "ExpectedBucketOwner": place.account}
        self.changes = 0

    def make(self) -> str:
        """Make what is missing and set what differs.

        Returns:
            The key's ARN.

        Raises:
            SandboxError: a name is somebody else's, or a call failed; running again takes up where this ended.
        """
        try:
            key = self._key()
            self._bucket()
            self._settings(key)
        except Refusal as refused:
            raise SandboxError(
                f"{refused.found}; what was made so far stays",
                where=f"account {self._place.account}, region {self._place.region}",
                fix=f"{refused.fix or 'look at the cause'}, then run the same command again",
            ) from None
        return key

    def _key(self) -> str:
        alias = self._place.key_alias
        try:
            found = self._aws.call("kms", "describe_key", "kms:DescribeKey", KeyId=alias)["KeyMetadata"]
        except Refusal as refused:
            if refused.kind != "missing":
                raise
            found = self._orphan() or self._new_key()
            self._aws.call("kms", "create_alias", "kms:CreateAlias", AliasName=alias, TargetKeyId=found["KeyId"])
            self._did(f"named the key {found['KeyId']} {alias}")
        if found["KeyState"] != "Enabled":
            raise SandboxError(
                f"the key {alias} is {found['KeyState']}",
                where=str(found["Arn"]),
                fix="enable it, or cancel its deletion: without it nobody can read the state",
            )
        identity = {"KeyId": str(found["KeyId"])}
        rotation = self._aws.call("kms", "get_key_rotation_status", "kms:GetKeyRotationStatus", **identity)
        if not rotation["KeyRotationEnabled"]:
            self._aws.call("kms", "enable_key_rotation", "kms:EnableKeyRotation", **identity)
            self._did("set the key to rotate each year")
        return str(found["Arn"])

    def _new_key(self) -> Mapping[str, Any]:
        description = f"State and secrets of {self._place.project}/{self._place.stack}"
        tags = [{"TagKey": name, "TagValue": value} for name, value in self._tags.items()]
        answer = self._aws.call("kms", "create_key", "kms:CreateKey", Description=description, Tags=tags)
        self._did(f"made the key {answer['KeyMetadata']['KeyId']}")
        made: Mapping[str, Any] = answer["KeyMetadata"]
        return made

    def _orphan(self) -> Mapping[str, Any] | None:
        """A key of ours that a run made and did not come to name."""
        for identity in self._keys():
            tags = self._aws.call("kms", "list_resource_tags", "kms:ListResourceTags", KeyId=identity)["Tags"]
            if {"TagKey": _PART, "TagValue": self._tags[_PART]} in tags:
                key = self._aws.call("kms", "describe_key", "kms:DescribeKey", KeyId=identity)["KeyMetadata"]
                if key["KeyState"] == "Enabled":
                    found: Mapping[str, Any] = key
                    return found
        return None

    def _keys(self) -> Iterator[str]:
        marker: dict[str, str] = {}
        while True:
            answer = self._aws.call("kms", "list_keys", "kms:ListKeys", **marker)
            for key in answer["Keys"]:
                # The keys of AWS itself are listed too, and tell nobody their tags.
                described = self._aws.call("kms", "describe_key", "kms:DescribeKey", KeyId=key["KeyId"])["KeyMetadata"]
                if described.get("KeyManager") == "CUSTOMER":
                    yield str(key["KeyId"])
            if not answer.get("Truncated"):
                return
            marker = {"Marker": answer["NextMarker"]}

    def _bucket(self) -> None:
        try:
            self._aws.call("s3", "head_bucket", "s3:ListBucket", **self._owned)
        except Refusal as refused:
            if refused.kind != "missing":
                raise self._taken(refused) from None
            self._create()
            return
        if not self._marked() and self._holds_something():
            raise SandboxError(
                f"the bucket {self._place.bucket} is there, holds objects and was not made for this",
                where=f"account {self._place.account}",
                fix=f"empty it, or tag it {_PART}={self._tags[_PART]} if it is this stack's state",
            )

    def _create(self) -> None:
        asked: dict[str, Any] = {"Bucket": self._place.bucket, "ObjectOwnership": "BucketOwnerEnforced"}
        if self._place.region != "us-east-1":  # which S3 refuses to be told, being its default
            asked["CreateBucketConfiguration"] = {"LocationConstraint": self._place.region}
        try:
            self._aws.call("s3", "create_bucket", "s3:CreateBucket", **asked)
        except Refusal as refused:
            raise self._taken(refused) from None
        self._did(f"made the bucket {self._place.bucket}")

    def _taken(self, refused: Refusal) -> Exception:
        if refused.kind != "denied" and "BucketAlreadyExists" not in refused.found:
            return refused
        return SandboxError(
            f"the bucket {self._place.bucket} is another account's, or you may not look at it ({refused.found})",
            where=f"{self._place.file}: aws.accountId {self._place.account}",
            fix="allow s3:ListBucket and s3:CreateBucket on it; if it is somebody else's, change the project's name",
        )

    def _marked(self) -> bool:
        return self._live_tags().get(_PART) == self._tags[_PART]

    def _live_tags(self) -> dict[str, str]:
        found = self._found("get_bucket_tagging", "s3:GetBucketTagging") or {"TagSet": []}
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}

    def _holds_something(self) -> bool:
        answer = self._aws.call("s3", "list_objects_v2", "s3:ListBucket", MaxKeys=1, **self._owned)
        return bool(answer.get("Contents"))

    def _settings(self, key: str) -> None:
        """Public access first: until then the account's own settings are all that stands before the state."""
        tags = {**self._live_tags(), **self._tags}
        wanted = {
            "public_access_block": _private(),
            "bucket_policy": _policy(self._place, key),
            "bucket_versioning": {"Status": "Enabled"},
            "bucket_encryption": _encryption(key),
            "bucket_lifecycle_configuration": _lifecycle(),
            "bucket_tagging": {"TagSet": [{"Key": name, "Value": tags[name]} for name in sorted(tags)]},
        }
        for setting, parameter, noun, words in _SETTINGS:
            if not _same(setting, self._found(f"get_{setting}", f"s3:Get{noun}"), wanted[setting]):
                value = {parameter: wanted[setting]}
                self._aws.call("s3", f"put_{setting}", f"s3:Put{noun}", **value, **self._owned)
                self._did(words)

    def _found(self, operation: str, action: str) -> Mapping[str, Any] | None:
        try:
            return self._aws.call("s3", operation, action, **self._owned)
        except Refusal as refused:
            # S3 has a code of its own for each setting that is not there: NoSuchTagSet, NoSuchBucketPolicy, ...
            if refused.kind in ("missing", "other") and ("NoSuch" in refused.found or "NotFound" in refused.found):
                return None
            raise

    def _did(self, what: str) -> None:
        self.changes += 1
        self._say(what)


def _same(setting: str, found: Mapping[str, Any] | None, wanted: Any) -> bool:
    if found is None:
        return False
    if setting == "bucket_policy":
        return bool(json.loads(found["Policy"]) == json.loads(wanted))
    if setting == "public_access_block":
        return bool(found["PublicAccessBlockConfiguration"] == wanted)
    if setting == "bucket_encryption":
        [rule, *_] = found["ServerSideEncryptionConfiguration"]["Rules"]
        [asked] = wanted["Rules"]
        return all(rule.get(name) == value for name, value in asked.items())
    if setting == "bucket_tagging":
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]} == {
            tag["Key"]: tag["Value"] for tag in wanted["TagSet"]
        }
    return all(found.get(name) == value for name, value in wanted.items())


def _private() -> dict[str, bool]:
    return dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def _policy(place: CloudPlace, key: str) -> str:
    partition = key.split(":")[1]
    resources = [f"arn:{partition}:s3:::{place.bucket}", f"arn:{partition}:s3:::{place.bucket}/*"]
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    strangers = {"StringNotEquals": {"aws:PrincipalAccount": place.account}}
    common = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    statements = [
        {"Sid": "OnlyWithTLS", **common, "Condition": plain},
        {"Sid": "OnlyThisAccount", **common, "Condition": strangers},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _encryption(key: str) -> dict[str, Any]:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}


def _lifecycle() -> dict[str, Any]:
    rule = {
        "ID": "replaced-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": STALE_UPLOAD_DAYS},
    }
    return {"Rules": [rule]}
