"""The lakehouse's bucket and the key that encrypts it."""

from __future__ import annotations

import pulumi
from pulumi_aws import s3

from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.object_store_layout import (
    ObjectStoreArgs,
    bucket_policy,
    key_policy,
    lifecycle_rules,
    log_bucket_policy,
    log_lifecycle_rules,
)
from infra.components.foundation.private_bucket import BucketSettings, settle_bucket
from infra.core.component import PlatformComponent


class ObjectStore(PlatformComponent):
    """An S3 bucket: own KMS key, versions, TLS only, no public access, owner enforced, lifecycle, a record of its use.

    The record goes into a bucket of its own that S3 encrypts with its own key: into one whose default is a customer's
    key, S3 delivers no server access logs (Amazon S3 API Reference, LoggingEnabled).

    Attributes:
        bucket: name of the bucket.
        key_arn: ARN of the key.
    """

    DOMAIN = "foundation"
    bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ObjectStoreArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        kept = self.child_options(keep=args.keep)
        key = customer_key(
            self, f"Encrypts {args.bucket}", key_policy(args.account_id), alias=args.bucket, keep=args.keep
        )
        bucket = s3.Bucket(
            self.child("bucket"), bucket=args.bucket, force_destroy=not args.keep, tags=args.tags, opts=kept
        )
        policy = key.arn.apply(lambda arn: bucket_policy(args.bucket, arn))
        settle_bucket(self, bucket.bucket, BucketSettings(policy, lifecycle_rules(args), key.arn))
        if args.log_bucket is not None:
            self._record_use(bucket.bucket, args, args.log_bucket)
        self.bucket, self.key_arn = bucket.bucket, key.arn
        self.register_outputs({"bucket": self.bucket, "keyArn": self.key_arn})

    def _record_use(self, bucket: pulumi.Output[str], args: ObjectStoreArgs, name: str) -> None:
        kept = self.child_options(keep=args.keep)
        # Names of objects and who asked for them, no content.
        tags = {"DataClass": "confidential"}
        logs = s3.Bucket(self.child("logs"), bucket=name, force_destroy=not args.keep, tags=tags, opts=kept)
        settings = BucketSettings(log_bucket_policy(args, name), log_lifecycle_rules())
        settled = settle_bucket(self, logs.bucket, settings, role="logs-")
        s3.BucketLogging(
            self.child("logging"),
            bucket=bucket,
            target_bucket=logs.bucket,
            target_prefix=f"{args.bucket}/",
            opts=self.child_options(after=settled),
        )
