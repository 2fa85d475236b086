from __future__ import annotations

from collections.abc import Iterator

from policies.aws.buckets import each_bucket
from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.whole import judged, of_types

_SETTING = versions_of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
_FILTERS = ("tag", "and", "objectSizeGreaterThan", "objectSizeLessThan")


@rule(
    id="AWS-004",
    title="Require buckets to remove what nobody needs",
    severity=Severity.LOW,
    topics=("cost", "retention", "storage"),
    frameworks=("aws-foundational-security:S3.13",),
    applies_to=WholeStack(),
    rationale=(
        "Old versions and the parts of uploads that were never finished are kept, and paid for, for ever, and they hold"
        " data that a retention rule says is gone. No listing of the bucket shows them."
    ),
    remediation=(
        "Give the bucket a BucketLifecycleConfiguration with an enabled rule for all objects that sets"
        " abortIncompleteMultipartUpload.daysAfterInitiation."
    ),
)
def require_bucket_lifecycle(stack: Stack) -> Iterator[Violation]:
    """One violation for each bucket without a lifecycle, or with one that keeps the parts of unfinished uploads."""
    yield from judged(of_types(stack, _SETTING), _ends)
    yield from each_bucket(stack, _SETTING, _has_lifecycle)


def _ends(setting: Resource) -> Iterator[Violation]:
    rules = setting.root["rules"]
    if not any(_ends_uploads(item) for item in rules.items()):
        yield Violation(rules.path, "no enabled rule for all objects removes the parts of unfinished uploads")


def _has_lifecycle(bucket: Resource, settings: list[Resource]) -> Iterator[Violation]:
    inline = bucket.root["lifecycleRules"]
    if not settings and not inline.items():
        yield Violation(inline.path, "the bucket has no lifecycle")
    elif not settings and not any(_ends_uploads_inline(item) for item in inline.items()):
        yield Violation(inline.path, "no enabled rule for all objects removes the parts of unfinished uploads")


def _ends_uploads(rule_: Node) -> bool:
    days = rule_.at("abortIncompleteMultipartUpload", "daysAfterInitiation").integer()
    filter_ = rule_["filter"]
    narrowed = filter_["prefix"].text() or rule_["prefix"].text() or any(filter_[key].exists() for key in _FILTERS)
    return rule_["status"].text() == "Enabled" and (days or 0) > 0 and not narrowed


def _ends_uploads_inline(rule_: Node) -> bool:
    narrowed = rule_["prefix"].text() or rule_["tags"].exists()
    days = rule_["abortIncompleteMultipartUploadDays"].integer()
    return rule_["enabled"].boolean() is True and (days or 0) > 0 and not narrowed
