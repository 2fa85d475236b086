"""Where a stack's AWS resources are, and what they are called there."""

from __future__ import annotations

from pydantic import Field

from infra.core.models import Args


class AwsPlace(Args):
    """One region of one account, from which ARNs follow (AWS General Reference, "Amazon Resource Names")."""

    account_id: str = Field(pattern=r"^[0-9]{12}$", description="12 digits")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[1-9]$", description="region, for example us-east-1")

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def cluster(self, name: str) -> str:
        """ARN of an EKS cluster."""
        return self.arn("eks", f"cluster/{name}")

    def endpoint(self, service: str) -> str:
        """Name of a service in ``kms:ViaService`` (AWS KMS Developer Guide, "kms:ViaService")."""
        return f"{service}.{self.region}.amazonaws.com"


def bucket_arn(bucket: str, key: str | None = None) -> str:
    """ARN of a bucket, or of an object in it. Buckets are unique everywhere: no region, no account."""
    return f"arn:aws:s3:::{bucket}" if key is None else f"arn:aws:s3:::{bucket}/{key}"
