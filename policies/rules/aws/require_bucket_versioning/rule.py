from __future__ import annotations

from collections.abc import Iterator

from policies.aws.buckets import each_bucket
from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule

_SETTING = versions_of("aws:s3/bucketVersioning:BucketVersioning")


@rule(
    id="AWS-003",
    title="Require buckets to keep the versions of their objects",
    severity=Severity.MEDIUM,
    topics=("recovery", "storage"),
    frameworks=("aws-foundational-security:S3.14",),
    applies_to=WholeStack(),
    rationale=(
        "An object that is overwritten or deleted in a bucket without versions is lost, by mistake or by an intruder."
        " Replication and object lock need versions as well."
    ),
    remediation="Give the bucket a BucketVersioning with versioningConfiguration.status Enabled.",
)
def require_bucket_versioning(stack: Stack) -> Iterator[Violation]:
    """One violation for each bucket whose versioning is not enabled."""
    yield from each_bucket(stack, _SETTING, _versioned)


def _versioned(bucket: Resource, settings: list[Resource]) -> Iterator[Violation]:
    for setting in settings:
        status = setting.root.at("versioningConfiguration", "status")
        if status.text() != "Enabled":
            yield Violation(status.path, f"versioning is {status.shown()}, not Enabled", resource=setting)
    inline = bucket.root.at("versioning", "enabled")
    if not settings and inline.boolean() is not True:
        yield Violation(inline.path, "the bucket keeps no versions")
