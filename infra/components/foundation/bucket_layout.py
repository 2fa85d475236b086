"""Settings that buckets share, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ABORT_UPLOAD_DAYS = 7
"""Days after which the parts of an upload that was never finished are removed."""


def lifecycle(
    *, noncurrent_days: int, expire_days: int | None = None, moves: Mapping[str, int] | None = None
) -> list[dict[str, Any]]:
    """What becomes of everything in a bucket.

    Args:
        noncurrent_days: how long a replaced version is kept.
        expire_days: age at which objects go; they stay if None.
        moves: age in days at which objects go to a storage class, by the class.
    """
    age: dict[str, Any] = {"id": "age", "status": "Enabled", "filter": {"prefix": ""}}
    if moves:
        age["transitions"] = [{"days": days, "storage_class": name} for name, days in moves.items()]
    if expire_days is not None:
        age["expiration"] = {"days": expire_days}
    age["noncurrent_version_expiration"] = {"noncurrent_days": noncurrent_days}
    unfinished = {
        "id": "unfinished-uploads",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": ABORT_UPLOAD_DAYS},
    }
    return [age, unfinished]


def encryption_rule(key_arn: object) -> dict[str, Any]:
    """How a bucket encrypts what nobody says a key for.

    Args:
        key_arn: a key of our own, which S3 then asks for once a bucket and not once an object; S3's own if None.
    """
    if key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    own = {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
    return {"apply_server_side_encryption_by_default": own, "bucket_key_enabled": True}
