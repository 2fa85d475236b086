from __future__ import annotations

from collections.abc import Iterator

from policies.aws.buckets import each_bucket
from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import of_types

_BLOCK = versions_of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
_ACCOUNT_BLOCK = ("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",)
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@rule(
    id="AWS-002",
    title="Require public access to buckets to be blocked in all four ways",
    severity=Severity.CRITICAL,
    topics=("public-access", "storage"),
    frameworks=("aws-foundational-security:S3.8", "cis-aws-3.0:2.1.4"),
    applies_to=WholeStack(),
    mandatory_everywhere=True,
    rationale=(
        "One access control list or one policy with a star makes a bucket public, and most leaks of data from S3 began"
        " like that. The block overrules both, whoever writes them and whenever."
    ),
    remediation=(
        "Give the bucket a BucketPublicAccessBlock with blockPublicAcls, blockPublicPolicy, ignorePublicAcls and"
        " restrictPublicBuckets all true."
    ),
)
def require_bucket_public_access_block(stack: Stack) -> Iterator[Violation]:
    """One violation for each bucket without a block, and for each switch of a block that is not on."""
    if any(_is_whole(block) for block in of_types(stack, _ACCOUNT_BLOCK)):
        return
    yield from each_bucket(stack, _BLOCK, _blocked)


def _blocked(bucket: Resource, blocks: list[Resource]) -> Iterator[Violation]:
    del bucket
    if not blocks:
        yield Violation("", "the bucket does not block public access")
    for block in blocks:
        for switch in _SWITCHES:
            node = block.root[switch]
            if node.boolean() is not True:
                yield Violation(node.path, f"the block leaves {switch} off", resource=block)


def _is_whole(block: Resource) -> bool:
    return all(block.root[switch].known() and block.root[switch].boolean() is True for switch in _SWITCHES)
