"""A tenant's objects in S3: what there is, and what a deletion and its undoing do in a bucket that keeps versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sandbox.aws.client import moto_client
from sandbox.errors import SandboxError


def tenant_prefix(tenant: str) -> str:
    """Beginning of the keys of everything that a tenant keeps in the lakehouse."""
    return f"tenants/{tenant}/"


class TenantObjects:
    """The objects of one tenant in every bucket of an emulated account.

    Args:
        url: The AWS API of a sandbox.
        tenant: The tenant.
    """

    def __init__(self, url: str, tenant: str) -> None:
        self.client: Any = moto_client(url, "s3")
        self._prefix = tenant_prefix(tenant)

    def contents(self) -> dict[str, str]:
        """Bucket and key of each object, with the digest that S3 has of its content."""
        return {
            f"{bucket}/{entry['Key']}": str(entry["ETag"]).strip('"')
            for bucket in self._buckets()
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self._prefix)
            for entry in page.get("Contents", [])
        }

    def versioned_bucket(self, *, without: str) -> str:
        """A bucket that keeps versions, as the lakehouse does; empty when there is none."""
        for bucket in self._buckets():
            if bucket != without and self.client.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled":
                return bucket
        return ""

    def policies(self) -> dict[str, str]:
        """The policy of each bucket that has one."""
        found = {}
        for bucket in self._buckets():
            try:
                found[bucket] = str(self.client.get_bucket_policy(Bucket=bucket)["Policy"])
            except self.client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
                    raise
        return found

    def suspend(self, policies: dict[str, str]) -> None:
        """Take the buckets' policies off.

        The emulator does not know conditions: it takes a statement that denies what comes without TLS for one that
        denies everything.
        """
        for bucket in policies:
            self.client.delete_bucket_policy(Bucket=bucket)

    def resume(self, policies: dict[str, str]) -> None:
        """Put the policies back."""
        for bucket, policy in policies.items():
            self.client.put_bucket_policy(Bucket=bucket, Policy=policy)

    def put(self, bucket: str, name: str, body: bytes) -> None:
        """Write one object below the tenant's prefix."""
        self.client.put_object(Bucket=bucket, Key=f"{self._prefix}{name}", Body=body)

    def erase(self, bucket: str, name: str) -> None:
        """Remove one object below the tenant's prefix with all its versions."""
        for entry in self._versions(bucket, f"{self._prefix}{name}"):
            self.client.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])

    def delete(self) -> int:
        """Delete every object as a user would: in a bucket with versions each gets a marker, and nothing is lost.

        Raises:
            SandboxError: A bucket keeps no versions; nothing was deleted then.
        """
        contents = list(self.contents())
        for bucket in sorted({each.partition("/")[0] for each in contents}):
            if self.client.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
                raise SandboxError(
                    f"The bucket {bucket} keeps no versions: what is deleted there cannot be brought back",
                    fix="turn its versioning on; nothing was deleted",
                )
        for each in contents:
            bucket, _, key = each.partition("/")
            self.client.delete_object(Bucket=bucket, Key=key)
        return len(contents)

    def restore(self, since: datetime) -> int:
        """Take back every deletion since an instant, by removing its marker."""
        removed = 0
        for bucket in self._buckets():
            for page in self._pages(bucket, self._prefix):
                for marker in page.get("DeleteMarkers", []):
                    if marker["IsLatest"] and marker["LastModified"] >= since:
                        self.client.delete_object(Bucket=bucket, Key=marker["Key"], VersionId=marker["VersionId"])
                        removed += 1
        return removed

    def _buckets(self) -> list[str]:
        return sorted(bucket["Name"] for bucket in self.client.list_buckets()["Buckets"])

    def _pages(self, bucket: str, prefix: str) -> Iterator[Any]:
        # The markers are read as a whole first: to remove some while listing would move the pages.
        paginator = self.client.get_paginator("list_object_versions")
        yield from list(paginator.paginate(Bucket=bucket, Prefix=prefix))

    def _versions(self, bucket: str, prefix: str) -> Iterator[Any]:
        for page in self._pages(bucket, prefix):
            yield from page.get("Versions", [])
            yield from page.get("DeleteMarkers", [])
