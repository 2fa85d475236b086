"""Where the edge on the internet writes down who asked for what, and what was refused."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, kms, s3

from infra.components.edge.public_layout import (
    LOG_DAYS,
    PublicEdgeArgs,
    firewall_log_policy,
    key_policy,
    log_bucket_policy,
    log_lifecycle,
)
from infra.components.foundation.object_store import KEY_DELETION_DAYS
from infra.core.component import PlatformComponent


class EdgeLogs(PlatformComponent):
    """A bucket for CloudFront's access logs and a log group for the firewall, under one key; all of it in us-east-1.

    CloudFront delivers access logs by an access control list, so the bucket takes them, but for its owner only: it
    owns what is delivered, and nothing in it can be made public. CloudFront itself adds the one entry that it needs
    (CloudFront Developer Guide, "Standard logging (legacy)"); the deploying role must be allowed to change the
    bucket's list.

    Attributes:
        bucket_domain: domain name of the bucket.
        group_arn: ARN of the firewall's log group.
        ready: what must be there before anything is logged.
    """

    DOMAIN = "edge"
    bucket_domain: pulumi.Output[str]
    group_arn: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: PublicEdgeArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        key = kms.Key(
            self.child("key"),
            description=f"Encrypts the logs of {args.domain}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=key_policy(args),
            opts=self.child_options(keep=args.keep),
        )
        kms.Alias(
            self.child("alias"),
            name=f"alias/{args.name}-edge",
            target_key_id=key.key_id,
            opts=self.child_options(),
        )
        bucket = s3.Bucket(
            self.child("bucket"),
            bucket=args.log_bucket,
            force_destroy=not args.keep,
            opts=self.child_options(keep=args.keep),
        )
        group = cloudwatch.LogGroup(
            self.child("firewall"),
            name=args.log_group,
            retention_in_days=LOG_DAYS,
            kms_key_id=key.arn,
            opts=self.child_options(),
        )
        permission = cloudwatch.LogResourcePolicy(
            self.child("firewall-permission"),
            policy_name=f"{args.name}-firewall",
            policy_document=firewall_log_policy(args),
            opts=self.child_options(),
        )
        self.ready = [*self._settings(bucket.bucket, key.arn, args), permission]
        self.bucket_domain = bucket.bucket.apply(lambda found: f"{found}.s3.amazonaws.com")
        self.group_arn = group.arn
        self.register_outputs({"bucketDomain": self.bucket_domain, "groupArn": self.group_arn})

    def _settings(
        self, bucket: pulumi.Output[str], key_arn: pulumi.Output[str], args: PublicEdgeArgs
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
        ownership = s3.BucketOwnershipControls(
            self.child("ownership"),
            bucket=bucket,
            rule={"object_ownership": "BucketOwnerPreferred"},
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
            self.child("policy"),
            bucket=bucket,
            policy=log_bucket_policy(args.log_bucket),
            opts=self.child_options(after=[block]),
        )
        s3.BucketLifecycleConfiguration(
            self.child("lifecycle"), bucket=bucket, rules=log_lifecycle(), opts=self.child_options(after=[versioning])
        )
        return [block, ownership, encryption, policy]
