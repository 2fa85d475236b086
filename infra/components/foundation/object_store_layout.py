"""Policies and lifecycle of the object store, as plain documents."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import Field

from infra.components.foundation.bucket_layout import lifecycle
from infra.components.foundation.resource_policies import account_decides, bucket_tls_only, document
from infra.core.catalog.prices import GLACIER, INFREQUENT, KMS_KEY, STANDARD, Filling
from infra.core.cost.usage import PLATFORM, Usage
from infra.core.labels import Ownership
from infra.core.models import Args

NAME = "object-store"
"""Its name as a part of the platform."""

CLASSES = ("objects", "objects, rarely used", "objects, archived")

LOG_DAYS = 365
"""Days for which it is kept who read and wrote what: leaks are found after months."""

LOG_NONCURRENT_DAYS = 30
LOG_SERVICE = "logging.s3.amazonaws.com"


class ObjectStoreArgs(Args):
    """One encrypted, versioned, private bucket."""

    bucket: str = Field(min_length=3, max_length=63, description="globally unique name")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    ownership: Ownership
    infrequent_access_days: int = Field(ge=30, description="age at which objects become rarely used")
    archive_days: int = Field(ge=60, description="age at which objects go to Glacier")
    noncurrent_days: int = Field(ge=1, description="how long a replaced version is kept")
    backup_class: str | None = Field(default=None, description="class of the backups that it is selected for")
    keep: bool = Field(default=True, description="whether bucket and key outlive a mistake")
    log_bucket: str | None = Field(
        default=None, min_length=3, max_length=63, description="bucket for the record of its use; none is kept without"
    )

    @property
    def tags(self) -> dict[str, str]:
        """What lies in it, which may be more sensitive than what the stack is about otherwise, and how it is kept."""
        backup = {"Backup": self.backup_class} if self.backup_class else {}
        return {"DataClass": self.ownership.data_class, **backup}


def log_bucket_policy(args: ObjectStoreArgs, log_bucket: str) -> str:
    """Lets S3 write down the use of this one bucket, and everybody else in over TLS only.

    Amazon S3 User Guide, "Enabling Amazon S3 server access logging", permissions for log delivery.
    """
    deliver = {
        "Sid": "UseOfTheBucket",
        "Effect": "Allow",
        "Principal": {"Service": LOG_SERVICE},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{log_bucket}/{args.bucket}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{args.bucket}"},
            "StringEquals": {"aws:SourceAccount": args.account_id},
        },
    }
    return document([deliver, bucket_tls_only(log_bucket)])


def log_lifecycle_rules() -> list[dict[str, Any]]:
    """Records go after a year; replaced versions and unfinished uploads before."""
    return lifecycle(expire_days=LOG_DAYS, noncurrent_days=LOG_NONCURRENT_DAYS)


def key_policy(account_id: str) -> str:
    """Key policy that leaves access to the account's IAM policies (AWS KMS Developer Guide, default key policy)."""
    return document([account_decides(account_id)])


def bucket_policy(bucket: str, key_arn: str) -> str:
    """Refuses every request without TLS, and every upload under another key than the bucket's own."""
    objects = f"arn:aws:s3:::{bucket}/*"
    own_key = {
        "Sid": "OwnKeyOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": objects,
        "Condition": {
            "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"},
            "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key_arn},
        },
    }
    return document([bucket_tls_only(bucket), own_key])


def lifecycle_rules(args: ObjectStoreArgs) -> list[dict[str, Any]]:
    """Infrequent access, then Glacier; replaced versions and unfinished uploads go."""
    moves = {"STANDARD_IA": args.infrequent_access_days, "GLACIER": args.archive_days}
    return lifecycle(moves=moves, noncurrent_days=args.noncurrent_days)


def usages(args: ObjectStoreArgs, filling: Filling) -> Iterator[Usage]:
    """What the bucket and its key use in a month.

    What came in is as old as its day: the lifecycle rules say in which storage class it is by now. A key that waits
    for its deletion costs nothing (AWS KMS pricing), so it is paid for after a destruction only when it is kept.

    The record of its use is as long as it is used, which nobody knows: it is not estimated, as traffic is not.
    """
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, Fraction(1), Fraction(1), Fraction(int(args.keep)))
    ages = (0, args.infrequent_access_days, args.archive_days, filling.lakehouse_days)
    daily = Fraction(filling.lakehouse_gib_a_day.get(args.ownership.environment, 0))
    for name, price, begin, end in zip(CLASSES, (STANDARD, INFREQUENT, GLACIER), ages, ages[1:], strict=False):
        held = daily * max(0, min(end, filling.lakehouse_days) - begin)
        if held:
            yield Usage(NAME, PLATFORM, name, price, held, held, held if args.keep else Fraction(0))
