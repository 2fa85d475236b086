"""Policies and lifecycle of the object store, as plain documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import Field

from infra.core.catalog.prices import GLACIER, INFREQUENT, KMS_KEY, STANDARD, Filling
from infra.core.cost.usage import PLATFORM, Usage
from infra.core.labels import Ownership
from infra.core.models import Args

NAME = "object-store"
"""Its name as a part of the platform."""

CLASSES = ("objects", "objects, rarely used", "objects, archived")
ABORT_UPLOAD_DAYS = 7
"""Days after which the parts of an upload that was never finished are removed."""


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
    objects = f"arn:aws:s3:::{log_bucket}/*"
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
    return _document([deliver, _tls_only(log_bucket, objects)])


def log_lifecycle_rules() -> list[dict[str, Any]]:
    """Records go after a year; replaced versions and unfinished uploads before."""
    return [
        {
            "id": "age",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "expiration": {"days": LOG_DAYS},
            "noncurrent_version_expiration": {"noncurrent_days": LOG_NONCURRENT_DAYS},
        },
        _unfinished_uploads(),
    ]


def key_policy(account_id: str) -> str:
    """Key policy that leaves access to the account's IAM policies (AWS KMS Developer Guide, default key policy)."""
    statement = {
        "Sid": "AccountDecidesByIam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return _document([statement])


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
    return _document([_tls_only(bucket, objects), own_key])


def lifecycle_rules(args: ObjectStoreArgs) -> list[dict[str, Any]]:
    """Infrequent access, then Glacier; replaced versions and unfinished uploads go."""
    return [
        {
            "id": "age",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [
                {"days": args.infrequent_access_days, "storage_class": "STANDARD_IA"},
                {"days": args.archive_days, "storage_class": "GLACIER"},
            ],
            "noncurrent_version_expiration": {"noncurrent_days": args.noncurrent_days},
        },
        _unfinished_uploads(),
    ]


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


def _tls_only(bucket: str, objects: str) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", objects],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _unfinished_uploads() -> dict[str, Any]:
    return {
        "id": "unfinished-uploads",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": ABORT_UPLOAD_DAYS},
    }


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)
