# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""S3 buckets."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.failures import AwsError
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.providers.aws.tags import NONCE_TAG, pairs, unpaired
from sandbox.engine.values import Json, PropertyMap

GONE = ("NoSuchBucket", "404", "NotFound")
"""The codes of a bucket that does not exist; HEAD answers have no body, so only the status is their code."""

_SEPARATE = "a resource of its own declares it (aws:s3/bucket{})"


class Bucket(Adapter):
    """A bucket; what hangs on it is declared by resources of its own, as the SDK recommends.

    Creating a bucket takes no tags everywhere, so they follow at once; an untagged bucket without objects that
    is found while an interrupted creation is looked for counts as what that creation left.
    """

    type = "aws:s3/bucket:Bucket"
    service = "s3"
    identity: Identity = "named"
    name = ("bucket",)
    tags_at_birth = False
    results = ("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName")
    fields: Mapping[str, Field] = {
        # Pattern and length: the CloudFormation schema of AWS::S3::Bucket; three characters: S3's naming rules.
        "bucket": Field(required=True, replaces=True, longest=63, pattern=r"^[a-z0-9][a-z0-9.-]+[a-z0-9]$"),
        "forceDestroy": Field("boolean", local=True, default=False),
        "objectLockEnabled": Field("boolean", replaces=True, local=True, default=False),
        **TAGS,
    }
    constants: Mapping[str, Json] = {"bucketPrefix": ""}
    absent: Mapping[str, str] = {
        "accelerationStatus": "transfer acceleration is not supported",
        "acl": _SEPARATE.format("OwnershipControls:BucketOwnershipControls"),
        "bucketNamespace": "account-regional namespaces are not supported",
        "corsRules": "CORS is not supported",
        "grants": _SEPARATE.format("OwnershipControls:BucketOwnershipControls"),
        "hostedZoneId": "there is no DNS zone in the emulator",
        "lifecycleRules": _SEPARATE.format("LifecycleConfiguration:BucketLifecycleConfiguration"),
        "logging": _SEPARATE.format("Logging:BucketLogging"),
        "objectLockConfiguration": "object lock rules are not supported",
        "policy": _SEPARATE.format("Policy:BucketPolicy"),
        "replicationConfiguration": "replication is not supported",
        "requestPayer": "requester-pays buckets are not supported",
        "serverSideEncryptionConfiguration": _SEPARATE.format(
            "ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        ),
        "versioning": _SEPARATE.format("Versioning:BucketVersioning"),
        "website": "websites are not supported",
        "websiteDomain": "websites are not supported",
        "websiteEndpoint": "websites are not supported",
    }

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Look for a bucket of the name."""
        return str(inputs["bucket"]) if aws.get("s3", "head_bucket", GONE, Bucket=inputs["bucket"]) else None

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the bucket."""
        # us-east-1 refuses to be named as a location.
        place = {"LocationConstraint": aws.region} if aws.region != "us-east-1" else None
        lock = inputs["objectLockEnabled"] or None
        name = str(inputs["bucket"])
        aws.once("s3", "create_bucket", Bucket=name, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=lock)
        return name

    def created(self, aws: Calls, inputs: PropertyMap, nonce: str) -> str | None:
        """Return the bucket if it carries the nonce, or neither tags nor objects."""
        name = self.existing(aws, inputs)
        if name is None:
            return None
        tags = self.live_tags(aws, name)
        if tags:
            return name if tags.get(NONCE_TAG) == nonce else None
        return None if aws.call("s3", "list_objects_v2", Bucket=name, MaxKeys=1).get("Contents") else name

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read whether the bucket exists; the rest follows from its name."""
        if aws.get("s3", "head_bucket", GONE, Bucket=id) is None:
            return None
        return {
            "arn": f"arn:{aws.partition}:s3:::{id}",
            "bucket": id,
            "bucketDomainName": f"{id}.s3.amazonaws.com",
            "bucketRegion": aws.region,
            "bucketRegionalDomainName": f"{id}.s3.{aws.region}.amazonaws.com",
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the bucket, and with `forceDestroy` first every version of every object in it."""
        if aws.get("s3", "head_bucket", GONE, Bucket=id) is None:
            return
        if inputs.get("forceDestroy"):
            self._empty(aws, id)
        try:
            aws.get("s3", "delete_bucket", GONE, Bucket=id)
        except AwsError as error:
            if error.failure.code != "BucketNotEmpty":
                raise
            fix = "empty it, or set forceDestroy to true, run `up` and delete it then"
            raise aws.fail(f"the bucket {id} holds objects and forceDestroy is false; {fix}") from error

    def _empty(self, aws: Calls, id: str) -> None:
        while True:
            page = aws.call("s3", "list_object_versions", Bucket=id, MaxKeys=1000)
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if not found:
                return
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            answer = aws.call("s3", "delete_objects", Bucket=id, Delete={"Objects": objects, "Quiet": True})
            for error in answer.get("Errors", ())[:1]:
                raise aws.fail(f"the object {error['Key']} of bucket {id} cannot be deleted: {error.get('Message')}")

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the bucket's tags."""
        answer = aws.get("s3", "get_bucket_tagging", ("NoSuchTagSet", *GONE), Bucket=id)
        return unpaired(answer["TagSet"]) if answer else {}

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Replace the tag set, which S3 knows only as a whole."""
        kept = {key: value for key, value in self.live_tags(aws, id).items() if key not in removed}
        aws.call("s3", "put_bucket_tagging", Bucket=id, Tagging={"TagSet": pairs({**kept, **tags})})
