"""moto's server, whose record of what was ever made stays readable after a bucket with objects was deleted."""

from __future__ import annotations

import sys
from typing import Any

from moto.moto_api._internal.responses import MotoAPIResponse
from moto.server import main


def readable(answer: Any) -> Any:
    """Wrap what answers with the record, so that it leaves out objects of buckets that are gone.

    moto (5.2, ``FakeKey.status``) asks each object that was ever in S3 for its bucket while it writes the record, and
    answers with an error when that was deleted.

    Args:
        answer: the method of moto that answers with the record.
    """

    def answered(self: Any, request: Any, full_url: str, headers: Any) -> Any:
        models = sys.modules.get("moto.s3.models")  # imported when the first bucket is made
        if models is not None:
            models.FakeKey.instances_tracked = [
                key for key in models.FakeKey.instances_tracked if _has_bucket(models, key)
            ]
        return answer(self, request, full_url, headers)

    return answered


def _has_bucket(models: Any, key: Any) -> bool:
    return key.bucket_name in models.s3_backends[key.account_id][key.partition].buckets


if __name__ == "__main__":
    MotoAPIResponse.model_data = readable(MotoAPIResponse.model_data)
    main()
