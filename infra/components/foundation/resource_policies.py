"""Statements that policies of AWS resources share: keys, buckets, topics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from infra.core.iam.statement import VERSION

Statement = dict[str, Any]


def document(statements: Sequence[Statement]) -> str:
    """A policy of a role, a key or a resource."""
    return json.dumps({"Version": VERSION, "Statement": list(statements)}, sort_keys=True)


def account_decides(account_id: str) -> Statement:
    """Leaves access to a key to the account's IAM policies (AWS KMS Developer Guide, default key policy)."""
    return {
        "Sid": "AccountDecidesByIam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


def log_key_policy(account_id: str, region: str, groups: Sequence[str]) -> list[Statement]:
    """Statements of a key that encrypts log groups (CloudWatch Logs User Guide, encrypt log data using AWS KMS)."""
    arns = [f"arn:aws:logs:{region}:{account_id}:log-group:{group}" for group in groups]
    return [
        account_decides(account_id),
        {
            "Sid": "LogsOfThese",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arns}},
        },
    ]


def bucket_tls_only(bucket: str) -> Statement:
    """Refuses every request to a bucket without TLS."""
    arn = f"arn:aws:s3:::{bucket}"
    return _tls_only("s3:*", [arn, f"{arn}/*"])


def topic_tls_only(arn: str) -> Statement:
    """Refuses what is published to a topic without TLS."""
    return _tls_only("sns:Publish", arn)


def _tls_only(action: str, resource: str | list[str]) -> Statement:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
