# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""What hangs on an S3 bucket: versioning, encryption, policy, public access, ownership, lifecycle and logging."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.engine.providers.aws.adapter import Adapter, Identity
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.fields import Field, Fields, from_wire, to_wire
from sandbox.engine.providers.aws.s3_bucket import GONE
from sandbox.engine.values import Json, PropertyMap

_BUCKET = Field(required=True, replaces=True)

Encode = Callable[[PropertyMap], Json]
"""Makes the body of the put operation from the inputs."""

Decode = Callable[[Mapping[str, Any]], PropertyMap | None]
"""Makes properties from the answer of the get operation; None when the bucket has no such setting."""


class BucketSetting(Adapter):
    """One setting of a bucket, put as a whole and found by the bucket's name.

    Args:
        type: the Pulumi type token.
        operation: the operations' common name, as in `put_<operation>`, `get_<operation>` and `delete_<operation>`.
        body: the parameter of the put operation that holds the setting.
        fields: the inputs beside `bucket`.
        unset: the error codes of a bucket without the setting.
        encode: by default the fields in the API's form.
        decode: by default the fields read from the answer's member with the name of `body`.
        delete: the deleting operation where its name is another.
        off: the body that turns the setting off where S3 has no deleting operation.
        results: the outputs that S3 computes beside the inputs.
        constants: outputs that have one value here.
    """

    service = "s3"
    identity: Identity = "setting"
    name = ("bucket",)

    def __init__(
        self,
        type: str,
        operation: str,
        body: str,
        fields: Fields,
        unset: tuple[str, ...] = (),
        encode: Encode | None = None,
        decode: Decode | None = None,
        delete: str = "",
        off: Mapping[str, Json] | None = None,
        results: tuple[str, ...] = (),
        constants: Mapping[str, Json] | None = None,
    ) -> None:
        self.type = type
        self.fields = {"bucket": _BUCKET, **fields}
        self.results = results
        self.constants = constants or {}
        self._operation = operation
        self._body = body
        self._gone = (*GONE, *unset)
        self._encode: Encode = encode or (lambda inputs: to_wire(fields, inputs))
        self._decode: Decode = decode or (lambda answer: from_wire(fields, answer[body]))
        self._delete = delete or f"delete_{operation}"
        self._off = off

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Put the setting, which may be repeated."""
        self._put(aws, inputs["bucket"], self._encode(inputs))
        return str(inputs["bucket"])

    def existing(self, aws: Calls, inputs: PropertyMap) -> str | None:
        """Return the bucket if it has the setting."""
        return str(inputs["bucket"]) if self._get(aws, inputs["bucket"]) is not None else None

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Put the setting again."""
        if old is not None:
            self._put(aws, id, self._encode(new))

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the setting."""
        found = self._get(aws, id)
        return None if found is None else {"bucket": id, **found}

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the setting, or turn it off where S3 knows no deletion."""
        if self._off is None:
            aws.get("s3", self._delete, self._gone, Bucket=id)
        elif aws.get("s3", "head_bucket", GONE, Bucket=id) is not None:
            self._put(aws, id, dict(self._off))

    def _put(self, aws: Calls, bucket: str, body: Json) -> None:
        aws.call("s3", f"put_{self._operation}", Bucket=bucket, **{self._body: body})

    def _get(self, aws: Calls, bucket: str) -> PropertyMap | None:
        answer = aws.get("s3", f"get_{self._operation}", self._gone, Bucket=bucket)
        return None if answer is None else self._decode(answer)


_DAYS = Field("integer", low=0)

_TAG = {"key": Field(required=True), "value": Field(required=True)}

_SIZES = {"objectSizeGreaterThan": Field("integer", low=0), "objectSizeLessThan": Field("integer", low=1)}

_FILTER = {
    "prefix": Field(),
    "tag": Field("object", fields=_TAG),
    **_SIZES,
    "and": Field("object", fields={"prefix": Field(), "tags": Field("map", paired=True), **_SIZES}),
}

_STORAGE = Field(
    required=True,
    choices=("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"),
)
"""The storage classes of the S3 API's TransitionStorageClass."""

_LIFECYCLE_RULE = {
    "id": Field(required=True, wire="ID", longest=255),
    "status": Field(required=True, choices=("Enabled", "Disabled")),
    "filter": Field("object", fields=_FILTER),
    "expiration": Field(
        "object",
        fields={"days": _DAYS, "expiredObjectDeleteMarker": Field("boolean")},
    ),
    "transitions": Field("objects", ordered=False, fields={"days": _DAYS, "storageClass": _STORAGE}),
    "noncurrentVersionExpiration": Field(
        "object",
        fields={"noncurrentDays": Field("integer", required=True, low=1), "newerNoncurrentVersions": _DAYS},
    ),
    "noncurrentVersionTransitions": Field(
        "objects",
        ordered=False,
        fields={
            "noncurrentDays": Field("integer", required=True, low=0),
            "newerNoncurrentVersions": _DAYS,
            "storageClass": _STORAGE,
        },
    ),
    "abortIncompleteMultipartUpload": Field("object", fields={"daysAfterInitiation": _DAYS}),
}

_LIFECYCLE = {"rules": Field("objects", required=True, ordered=False, fields=_LIFECYCLE_RULE)}

_EVERYTHING = {"Prefix": ""}
"""The filter that S3 wants in a rule without one."""


def _encode_lifecycle(inputs: PropertyMap) -> Json:
    rules = to_wire(_LIFECYCLE, inputs)["Rules"]
    return {"Rules": [{"Filter": _EVERYTHING, **rule} for rule in rules]}


def _decode_lifecycle(answer: Mapping[str, Any]) -> PropertyMap:
    # The SDK documents this value as the default.
    size = answer.get("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    return {**from_wire(_LIFECYCLE, answer), "transitionDefaultMinimumObjectSize": size}


_VERSIONING = {"status": Field(required=True, choices=("Enabled", "Suspended"))}

_ENCRYPTION_RULE = {
    "applyServerSideEncryptionByDefault": Field(
        "object",
        fields={
            "sseAlgorithm": Field(required=True, wire="SSEAlgorithm", choices=("AES256", "aws:kms", "aws:kms:dsse")),
            "kmsMasterKeyId": Field(wire="KMSMasterKeyID"),
        },
    ),
    "bucketKeyEnabled": Field("boolean", default=False),
}

_OWNERSHIP = {
    "objectOwnership": Field(required=True, choices=("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"))
}

_LOGGING = {"targetBucket": Field(required=True), "targetPrefix": Field(required=True)}

SETTINGS = (
    BucketSetting(
        type="aws:s3/bucketVersioning:BucketVersioning",
        operation="bucket_versioning",
        body="VersioningConfiguration",
        fields={"versioningConfiguration": Field("object", required=True, fields=_VERSIONING)},
        encode=lambda inputs: to_wire(_VERSIONING, inputs["versioningConfiguration"]),
        decode=lambda answer: (
            {"versioningConfiguration": from_wire(_VERSIONING, answer)} if answer.get("Status") else None
        ),
        off={"Status": "Suspended"},
    ),
    BucketSetting(
        type="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        operation="bucket_encryption",
        body="ServerSideEncryptionConfiguration",
        fields={"rules": Field("objects", required=True, fields=_ENCRYPTION_RULE)},
        unset=("ServerSideEncryptionConfigurationNotFoundError",),
    ),
    BucketSetting(
        type="aws:s3/bucketPolicy:BucketPolicy",
        operation="bucket_policy",
        body="Policy",
        fields={"policy": Field("json", required=True)},
        unset=("NoSuchBucketPolicy",),
        encode=lambda inputs: inputs["policy"],
        decode=lambda answer: {"policy": answer["Policy"]},
    ),
    BucketSetting(
        type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        operation="public_access_block",
        body="PublicAccessBlockConfiguration",
        fields={
            name: Field("boolean", default=False)
            for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        },
        unset=("NoSuchPublicAccessBlockConfiguration",),
    ),
    BucketSetting(
        type="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        operation="bucket_ownership_controls",
        body="OwnershipControls",
        fields={"rule": Field("object", required=True, fields=_OWNERSHIP)},
        unset=("OwnershipControlsNotFoundError",),
        encode=lambda inputs: {"Rules": [to_wire(_OWNERSHIP, inputs["rule"])]},
        decode=lambda answer: {"rule": from_wire(_OWNERSHIP, answer["OwnershipControls"]["Rules"][0])},
    ),
    BucketSetting(
        type="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        operation="bucket_lifecycle_configuration",
        body="LifecycleConfiguration",
        fields=_LIFECYCLE,
        unset=("NoSuchLifecycleConfiguration",),
        encode=_encode_lifecycle,
        decode=_decode_lifecycle,
        delete="delete_bucket_lifecycle",
        results=("transitionDefaultMinimumObjectSize",),
        constants={"expectedBucketOwner": ""},
    ),
    BucketSetting(
        type="aws:s3/bucketLogging:BucketLogging",
        operation="bucket_logging",
        body="BucketLoggingStatus",
        fields=_LOGGING,
        encode=lambda inputs: {"LoggingEnabled": to_wire(_LOGGING, inputs)},
        decode=lambda answer: from_wire(_LOGGING, answer["LoggingEnabled"]) if "LoggingEnabled" in answer else None,
        off={},
    ),
)
"""Every setting of a bucket that has an adapter."""
