"""Where the edge on the internet writes down who asked for what, and what was refused."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, s3

from infra.components.edge.public_layout import (
    LOG_DAYS,
    PublicEdgeArgs,
    firewall_log_policy,
    key_policy,
    log_bucket_policy,
    log_lifecycle,
)
from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.private_bucket import BucketSettings, settle_bucket
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
        key = customer_key(
            self, f"Encrypts the logs of {args.domain}", key_policy(args), alias=f"{args.name}-edge", keep=args.keep
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
        settings = BucketSettings(
            log_bucket_policy(args.log_bucket), log_lifecycle(), key.arn, owner="BucketOwnerPreferred"
        )
        self.ready = [*settle_bucket(self, bucket.bucket, settings), permission]
        self.bucket_domain = bucket.bucket.apply(lambda found: f"{found}.s3.amazonaws.com")
        self.group_arn = group.arn
        self.register_outputs({"bucketDomain": self.bucket_domain, "groupArn": self.group_arn})
