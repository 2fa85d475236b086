"""Classes, documents and prices of backups, as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, get_args

from pydantic import Field

from infra.components.foundation.resource_policies import account_decides, document, topic_tls_only
from infra.core.catalog.prices import KMS_KEY
from infra.core.cost.usage import PLATFORM, Usage
from infra.core.models import Args

NAME = "backup"
"""Its name as a part of the platform."""

BackupClass = Literal["database", "objects", "volumes"]
"""What is backed up alike: databases, buckets, volumes."""

CLASSES: tuple[BackupClass, ...] = get_args(BackupClass)
TAG = "Backup"
"""Tag by which a store says which class it is of; what does not carry it is not backed up."""

SHORTEST_DAYS = 7
LONGEST_DAYS = 3650
HOURS: dict[BackupClass, int] = {"database": 4, "objects": 5, "volumes": 6}
"""Hour of the day (UTC) at which each class begins, so that they do not all begin at once. That of databases keeps
clear of RDS's own windows, and of the hour before each."""

START_MINUTES, END_MINUTES = 60, 480
"""Within which a backup must begin and end, or else it has failed: a planning figure of this project."""

GRACE_DAYS = 3
"""Days for which a lock for ever can still be taken back; AWS takes no fewer (AWS Backup, PutBackupVaultLock)."""

POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
)
"""What backups and their restoration take (AWS Backup Developer Guide, Managed policies for AWS Backup)."""

EVENTS = ("BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "S3_BACKUP_OBJECT_FAILED")
"""What the topic hears of. That a backup failed is said when it ends (AWS Backup, PutBackupVaultNotifications)."""

SNAPSHOTS = "rds-snapshot"

Lock = Literal["none", "governance", "compliance"]


class BackupArgs(Args):
    """Daily backups by class, in one vault."""

    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{2,40}$", description="name of the vault")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    region: str = Field(description="region that it is in")
    classes: dict[BackupClass, int] = Field(min_length=1, description="days for which each class is kept")
    lock: Lock = Field(description="who can shorten retention: anybody, who may remove the lock, nobody ever again")
    copy_to: str | None = Field(default=None, description="ARN of a vault that gets a copy of each backup")
    contacts: tuple[str, ...] = Field(default=(), description="e-mail addresses that hear of failures")
    database_gib: int = Field(default=0, ge=0, description="size of the databases that are backed up")
    keep: bool = Field(default=True, description="whether the vault and its key outlive a mistake")


def role_trust(account_id: str) -> str:
    """Only AWS Backup of this account (AWS Backup Developer Guide, Cross-service confused deputy prevention)."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "backup.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }
    return document([statement])


def key_policy(args: BackupArgs) -> str:
    """Key policy of the vault and the topic: the account's IAM decides, and AWS Backup may write to the topic."""
    return document(
        [
            account_decides(args.account_id),
            {
                "Sid": "NewsOfBackups",
                "Effect": "Allow",
                "Principal": {"Service": "backup.amazonaws.com"},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                # What SNS encrypts for a topic it binds to the topic (Amazon SNS Developer Guide, Key management).
                "Condition": {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": topic_arn(args)}},
            },
        ]
    )


def topic_name(args: BackupArgs) -> str:
    """Name of the topic that hears of backups."""
    return f"{args.name}-backups"


def topic_arn(args: BackupArgs) -> str:
    """ARN of that topic."""
    return f"arn:aws:sns:{args.region}:{args.account_id}:{topic_name(args)}"


def topic_policy(args: BackupArgs) -> str:
    """AWS Backup publishes (AWS Backup Developer Guide, Notification options with AWS Backup); nobody without TLS."""
    return document(
        [
            {
                "Sid": "NewsOfBackups",
                "Effect": "Allow",
                "Principal": {"Service": "backup.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn(args),
            },
            topic_tls_only(topic_arn(args)),
        ]
    )


def failures_only() -> str:
    """Filter of a subscription: AWS Backup says that a job ended, and as an attribute of the message how."""
    return json.dumps({"State": [{"anything-but": "COMPLETED"}]})


def schedule(kind: BackupClass) -> str:
    """When a class is backed up, every day."""
    return f"cron(0 {HOURS[kind]} * * ? *)"


def usages(args: BackupArgs) -> Iterator[Usage]:
    """The key, and the databases' backups as if the disks were full; those of objects and volumes are not estimated.

    Backups after the first hold only what changed (AWS Backup pricing).
    """
    one, kept = Fraction(1), Fraction(int(args.keep))
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, one, one, kept)
    if args.database_gib and "database" in args.classes:
        size = Fraction(args.database_gib)
        yield Usage(NAME, PLATFORM, "backups of databases", SNAPSHOTS, size, size, size * kept)
