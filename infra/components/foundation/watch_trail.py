"""The record of who called AWS for what."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudtrail, cloudwatch, iam, s3

from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.private_bucket import BucketSettings, settle_bucket
from infra.components.foundation.watch_trail_layout import (
    KEPT_DAYS,
    TrailArgs,
    bucket_policy,
    key_policy,
    lifecycle_rules,
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
        key = customer_key(
            self, f"Encrypts the records of {args.name}", key_policy(args), alias=args.bucket, keep=args.keep
        )
        bucket = s3.Bucket(self.child("bucket"), bucket=args.bucket, force_destroy=not args.keep, opts=kept)
        group_arn, role, permission = self._searchable(key.arn, args)
        settings = settle_bucket(self, bucket.bucket, BucketSettings(bucket_policy(args), lifecycle_rules(), key.arn))
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
