"""Documents and settings of the account's trail, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import Field

from infra.components.foundation.bucket_layout import lifecycle
from infra.components.foundation.resource_policies import bucket_tls_only, document, log_key_policy
from infra.core.catalog.prices import KMS_KEY
from infra.core.cost.usage import PLATFORM, Usage
from infra.core.models import Args

NAME = "trail"
"""Its name as a part of the platform."""

KEPT_DAYS = 365
"""A year: intrusions are found after months."""

COLD_DAYS = 90
"""Days after which records are looked at only after an incident."""

NONCURRENT_DAYS = 30
SERVICE = "cloudtrail.amazonaws.com"


class TrailArgs(Args):
    """The record of all calls to an account."""

    name: str = Field(min_length=3, max_length=100, description="name of the trail")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account whose calls it records")
    region: str = Field(description="region that it is declared in; it records all of them")
    bucket: str = Field(min_length=3, max_length=63, description="globally unique name of its bucket")
    keep: bool = Field(default=True, description="whether the records outlive a mistake")

    @property
    def log_group(self) -> str:
        """Log group in which the records can be searched within minutes."""
        return f"/aws/cloudtrail/{self.name}"

    @property
    def role(self) -> str:
        """Name of the role that writes there; it carries the region, since roles belong to all of an account."""
        return f"{self.name}-{self.region}-trail"

    @property
    def arn(self) -> str:
        """ARN of the trail."""
        return f"arn:aws:cloudtrail:{self.region}:{self.account_id}:trail/{self.name}"


def key_policy(args: TrailArgs) -> str:
    """Lets this trail and its log group encrypt.

    AWS CloudTrail User Guide, "Configure AWS KMS key policies for CloudTrail".
    """
    encrypt = {
        "Sid": "TrailEncrypts",
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "kms:GenerateDataKey*",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:SourceArn": args.arn},
            "StringLike": {
                "kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{args.account_id}:trail/*"
            },
        },
    }
    describe = {
        "Sid": "TrailLooksAtTheKey",
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "kms:DescribeKey",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceArn": args.arn}},
    }
    return document([*log_key_policy(args.account_id, args.region, [args.log_group]), encrypt, describe])


def bucket_policy(args: TrailArgs) -> str:
    """Lets this trail write, and everybody else in over TLS only.

    AWS CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail".
    """
    bucket = f"arn:aws:s3:::{args.bucket}"
    source = {"aws:SourceArn": args.arn}
    check = {
        "Sid": "TrailLooksAtTheBucket",
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "s3:GetBucketAcl",
        "Resource": bucket,
        "Condition": {"StringEquals": source},
    }
    write = {
        "Sid": "TrailWrites",
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "s3:PutObject",
        "Resource": f"{bucket}/AWSLogs/{args.account_id}/*",
        "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **source}},
    }
    return document([check, write, bucket_tls_only(args.bucket)])


def role_trust(args: TrailArgs) -> str:
    """Who may take the role: CloudTrail, for this trail."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceArn": args.arn}},
    }
    return document([statement])


def role_permissions(args: TrailArgs) -> str:
    """The streams that CloudTrail makes in the group (AWS CloudTrail User Guide, "Role policy document ...")."""
    stream = f"{args.account_id}_CloudTrail_{args.region}*"
    group = f"arn:aws:logs:{args.region}:{args.account_id}:log-group:{args.log_group}"
    statement = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": [f"{group}:log-stream:{stream}"],
    }
    return document([statement])


def lifecycle_rules() -> list[dict[str, Any]]:
    """Records go to a cheaper class, and after a year they go."""
    return lifecycle(moves={"GLACIER": COLD_DAYS}, expire_days=KEPT_DAYS, noncurrent_days=NONCURRENT_DAYS)


def usages(args: TrailArgs) -> Iterator[Usage]:
    """The key. The first trail of an account records management events for nothing; lines of logs are not estimated."""
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, Fraction(1), Fraction(1), Fraction(int(args.keep)))
