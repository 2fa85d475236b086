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
)
from infra.core.component import PlatformComponent

KEY_DELETION_DAYS = 30
"""Longest waiting period of AWS KMS: until then a deletion can be taken back."""


class ObjectStore(PlatformComponent):
    """An S3 bucket: own KMS key, versions, TLS only, no public access, owner enforced, lifecycle.

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
        tags = {"Backup": args.backup_class} if args.backup_class else None
        bucket = s3.Bucket(self.child("bucket"), bucket=args.bucket, force_destroy=not args.keep, tags=tags, opts=kept)
        self._settings(bucket.bucket, key.arn, args)
        self.bucket, self.key_arn = bucket.bucket, key.arn
        self.register_outputs({"bucket": self.bucket, "keyArn": self.key_arn})

    def _settings(self, bucket: pulumi.Output[str], key_arn: pulumi.Output[str], args: ObjectStoreArgs) -> None:
        def options(*after: pulumi.Resource) -> pulumi.ResourceOptions:
            return self.child_options(after=after)

        encryption: dict[str, Any] = {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
        block = s3.BucketPublicAccessBlock(
            self.child("public-access"),
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=options(),
        )
        s3.BucketOwnershipControls(
            self.child("ownership"), bucket=bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=options()
        )
        versioning = s3.BucketVersioning(
            self.child("versioning"), bucket=bucket, versioning_configuration={"status": "Enabled"}, opts=options()
        )
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
