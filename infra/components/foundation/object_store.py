"""The lakehouse's bucket and the key that encrypts it."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_aws import kms, s3

from infra.components.foundation.object_store_layout import (
    ObjectStoreArgs,
    bucket_policy,
    key_policy,
    lifecycle_rules,
    log_bucket_policy,
    log_lifecycle_rules,
)
from infra.core.component import PlatformComponent

KEY_DELETION_DAYS = 30
"""Longest waiting period of AWS KMS: until then a deletion can be taken back."""


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
        key = kms.Key(
            self.child("key"),
            description=f"Encrypts {args.bucket}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=key_policy(args.account_id),
            opts=kept,
        )
        kms.Alias(self.child("alias"), name=f"alias/{args.bucket}", target_key_id=key.key_id, opts=self.child_options())
        bucket = s3.Bucket(
            self.child("bucket"), bucket=args.bucket, force_destroy=not args.keep, tags=args.tags, opts=kept
        )
        self._settings(bucket.bucket, key.arn, args)
        if args.log_bucket is not None:
            self._record_use(bucket.bucket, args, args.log_bucket)
        self.bucket, self.key_arn = bucket.bucket, key.arn
        self.register_outputs({"bucket": self.bucket, "keyArn": self.key_arn})

    def _settings(self, bucket: pulumi.Output[str], key_arn: pulumi.Output[str], args: ObjectStoreArgs) -> None:
        def options(*after: pulumi.Resource) -> pulumi.ResourceOptions:
            return self.child_options(after=after)

        encryption: dict[str, Any] = {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
        block, versioning = self._closed("", bucket)
        s3.BucketServerSideEncryptionConfiguration(
            self.child("encryption"),
            bucket=bucket,
            rules=[{"apply_server_side_encryption_by_default": encryption, "bucket_key_enabled": True}],
            opts=options(),
        )
        policy = key_arn.apply(lambda arn: bucket_policy(args.bucket, arn))
        s3.BucketPolicy(self.child("policy"), bucket=bucket, policy=policy, opts=options(block))
        s3.BucketLifecycleConfiguration(
            self.child("lifecycle"), bucket=bucket, rules=lifecycle_rules(args), opts=options(versioning)
        )

    def _closed(self, role: str, bucket: pulumi.Input[str]) -> tuple[pulumi.Resource, pulumi.Resource]:
        """Nothing public, one owner, every version: what holds for both buckets."""
        block = s3.BucketPublicAccessBlock(
            self.child(f"{role}public-access"),
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child_options(),
        )
        s3.BucketOwnershipControls(
            self.child(f"{role}ownership"),
            bucket=bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self.child_options(),
        )
        versioning = s3.BucketVersioning(
            self.child(f"{role}versioning"),
            bucket=bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self.child_options(),
        )
        return block, versioning

    def _record_use(self, bucket: pulumi.Output[str], args: ObjectStoreArgs, name: str) -> None:
        kept = self.child_options(keep=args.keep)
        # Names of objects and who asked for them, no content.
        tags = {"DataClass": "confidential"}
        logs = s3.Bucket(self.child("logs"), bucket=name, force_destroy=not args.keep, tags=tags, opts=kept)
        block, versioning = self._closed("logs-", logs.bucket)
        s3.BucketServerSideEncryptionConfiguration(
            self.child("logs-encryption"),
            bucket=logs.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self.child_options(),
        )
        policy = s3.BucketPolicy(
            self.child("logs-policy"),
            bucket=logs.bucket,
            policy=log_bucket_policy(args, name),
            opts=self.child_options(after=[block]),
        )
        s3.BucketLifecycleConfiguration(
            self.child("logs-lifecycle"),
            bucket=logs.bucket,
            rules=log_lifecycle_rules(),
            opts=self.child_options(after=[versioning]),
        )
        s3.BucketLogging(
            self.child("logging"),
            bucket=bucket,
            target_bucket=logs.bucket,
            target_prefix=f"{args.bucket}/",
            opts=self.child_options(after=[policy]),
        )
