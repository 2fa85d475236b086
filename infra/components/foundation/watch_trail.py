"""The record of who called AWS for what."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudtrail, cloudwatch, iam, kms, s3

from infra.components.foundation.object_store import KEY_DELETION_DAYS
from infra.components.foundation.watch_trail_layout import (
    KEPT_DAYS,
    TrailArgs,
    bucket_policy,
    key_policy,
    lifecycle,
    role_permissions,
    role_trust,
)
from infra.core.component import PlatformComponent


class AuditTrail(PlatformComponent):
    """CloudTrail over all regions with signed digests, into a bucket that only it writes to and a searchable log.

    Only management events: calls on objects are recorded where somebody asks for them. An account whose organization
    has a trail does without this one: a second one costs something for each event.
    """

    DOMAIN = "foundation"

    def __init__(self, name: str, args: TrailArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        kept = self.child_options(keep=args.keep)
        key = kms.Key(
            self.child("key"),
            description=f"Encrypts the records of {args.name}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=key_policy(args),
            opts=kept,
        )
        kms.Alias(self.child("alias"), name=f"alias/{args.bucket}", target_key_id=key.key_id, opts=self.child_options())
        bucket = s3.Bucket(self.child("bucket"), bucket=args.bucket, force_destroy=not args.keep, opts=kept)
        group_arn, role, permission = self._searchable(key.arn, args)
        settings = self._settings(bucket.bucket, key.arn, args)
        cloudtrail.Trail(
            self.child("trail"),
            name=args.name,
            s3_bucket_name=bucket.bucket,
            cloud_watch_logs_group_arn=group_arn,
            cloud_watch_logs_role_arn=role.arn,
            kms_key_id=key.arn,
            enable_logging=True,
            enable_log_file_validation=True,
            include_global_service_events=True,
            is_multi_region_trail=True,
            opts=self.child_options(after=[*settings, permission]),
        )
        self.register_outputs({"bucket": bucket.bucket})

    def _searchable(
        self, key_arn: pulumi.Output[str], args: TrailArgs
    ) -> tuple[pulumi.Output[str], iam.Role, pulumi.Resource]:
        group = cloudwatch.LogGroup(
            self.child("records"),
            name=args.log_group,
            retention_in_days=KEPT_DAYS,
            kms_key_id=key_arn,
            opts=self.child_options(),
        )
        role = iam.Role(
            self.child("role"), name=args.role, assume_role_policy=role_trust(args), opts=self.child_options()
        )
        permission = iam.RolePolicy(
            self.child("permission"),
            name="write-records",
            role=role.name,
            policy=role_permissions(args),
            opts=self.child_options(),
        )
        return group.arn.apply(lambda arn: f"{arn}:*"), role, permission

    def _settings(
        self, bucket: pulumi.Output[str], key_arn: pulumi.Output[str], args: TrailArgs
    ) -> list[pulumi.Resource]:
        block = s3.BucketPublicAccessBlock(
            self.child("public-access"),
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child_options(),
        )
        s3.BucketOwnershipControls(
            self.child("ownership"),
            bucket=bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self.child_options(),
        )
        versioning = s3.BucketVersioning(
            self.child("versioning"),
            bucket=bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self.child_options(),
        )
        encryption = s3.BucketServerSideEncryptionConfiguration(
            self.child("encryption"),
            bucket=bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self.child_options(),
        )
        policy = s3.BucketPolicy(
            self.child("policy"), bucket=bucket, policy=bucket_policy(args), opts=self.child_options(after=[block])
        )
        s3.BucketLifecycleConfiguration(
            self.child("lifecycle"), bucket=bucket, rules=lifecycle(), opts=self.child_options(after=[versioning])
        )
        return [encryption, policy]
