"""What holds for every bucket: nothing public, versions, encryption, a policy, and an end of what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
from pulumi_aws import s3

from infra.components.foundation.bucket_layout import encryption_rule
from infra.core.component import PlatformComponent

Owner = Literal["BucketOwnerEnforced", "BucketOwnerPreferred"]


@dataclass(frozen=True)
class BucketSettings:
    """How a bucket is set.

    Attributes:
        policy: the bucket's policy.
        lifecycle: rules of its lifecycle.
        key_arn: key that encrypts it; S3's own if None.
        owner: who owns what others write: always the bucket's owner, or unless the writer says otherwise.
    """

    policy: pulumi.Input[str]
    lifecycle: Sequence[dict[str, Any]]
    key_arn: pulumi.Input[str] | None = None
    owner: Owner = "BucketOwnerEnforced"


def settle_bucket(
    component: PlatformComponent, bucket: pulumi.Input[str], settings: BucketSettings, *, role: str = ""
) -> list[pulumi.Resource]:
    """Declare the settings of a bucket.

    Args:
        component: their parent.
        bucket: the bucket's name.
        settings: the settings.
        role: beginning of the children's roles, where a component has more than one bucket.

    Returns:
        What must be there before anything is written to it.
    """

    def child(name: str) -> str:
        return component.child(f"{role}{name}")

    def options(*after: pulumi.Resource) -> pulumi.ResourceOptions:
        return component.child_options(after=after)

    block = s3.BucketPublicAccessBlock(
        child("public-access"),
        bucket=bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=options(),
    )
    ownership = s3.BucketOwnershipControls(
        child("ownership"), bucket=bucket, rule={"object_ownership": settings.owner}, opts=options()
    )
    versioning = s3.BucketVersioning(
        child("versioning"), bucket=bucket, versioning_configuration={"status": "Enabled"}, opts=options()
    )
    encryption = s3.BucketServerSideEncryptionConfiguration(
        child("encryption"), bucket=bucket, rules=[encryption_rule(settings.key_arn)], opts=options()
    )
    policy = s3.BucketPolicy(child("policy"), bucket=bucket, policy=settings.policy, opts=options(block))
    s3.BucketLifecycleConfiguration(
        child("lifecycle"), bucket=bucket, rules=list(settings.lifecycle), opts=options(versioning)
    )
    return [block, ownership, encryption, policy]
