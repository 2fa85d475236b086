from __future__ import annotations

from collections.abc import Iterator

from policies.aws.buckets import each_bucket, receiving_logs
from policies.aws.keys import is_customer_key
from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule

_SETTING = versions_of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
_BY_KMS = ("aws:kms", "aws:kms:dsse")
_BY_S3 = "AES256"


@rule(
    id="AWS-001",
    title="Require buckets to be encrypted with a key of their own",
    severity=Severity.HIGH,
    topics=("encryption", "storage"),
    frameworks=("aws-foundational-security:S3.17",),
    applies_to=WholeStack(),
    rationale=(
        "S3 encrypts every object, but with a key that whoever may read the bucket may use. With a customer managed key"
        " reading needs a second permission, each use is logged, and the data is gone when the key is."
    ),
    remediation=(
        "Give the bucket a BucketServerSideEncryptionConfiguration with sseAlgorithm aws:kms and the ARN of a customer"
        " managed key as kmsMasterKeyId."
    ),
)
def require_bucket_encryption(stack: Stack) -> Iterator[Violation]:
    """One violation for each bucket without such a setting, and for each rule of a setting without such a key.

    A bucket that receives the server access logs of another, or those of an application load balancer, may be encrypted
    by S3's own key: AWS delivers none into one whose default is a customer managed key (Amazon S3 API Reference,
    LoggingEnabled; Application Load Balancers, "Enable access logs").
    """
    receiving = receiving_logs(stack)

    def encrypted(bucket: Resource, settings: list[Resource]) -> Iterator[Violation]:
        for violation in _encrypted(bucket, settings):
            by_s3 = any(_by_s3(setting) for setting in settings)
            if not (by_s3 and bucket.root["bucket"].text() in receiving):
                yield violation

    yield from each_bucket(stack, _SETTING, encrypted)


def _by_s3(setting: Resource) -> bool:
    rules = setting.root["rules"].items()
    algorithms = [rule_["applyServerSideEncryptionByDefault"]["sseAlgorithm"].text() for rule_ in rules]
    return bool(algorithms) and set(algorithms) == {_BY_S3}


def _encrypted(bucket: Resource, settings: list[Resource]) -> Iterator[Violation]:
    inline = bucket.root["serverSideEncryptionConfiguration"]
    if not settings and not inline.exists():
        yield Violation(inline.path, "the bucket does not say which key encrypts it")
        return
    for setting in settings:
        rules = setting.root["rules"].items()
        for rule_ in rules:
            yield from _default(rule_, setting)
        if not rules:
            yield Violation("rules", "the setting has no rule", resource=setting)
    if not settings:
        yield from _default(inline["rule"], bucket)


def _default(rule_: Node, owner: Resource) -> Iterator[Violation]:
    default = rule_["applyServerSideEncryptionByDefault"]
    algorithm, key = default["sseAlgorithm"], default["kmsMasterKeyId"]
    if algorithm.text() not in _BY_KMS:
        yield Violation(algorithm.path, f"the bucket is encrypted by {algorithm.shown()}", resource=owner)
    elif not is_customer_key(key):
        yield Violation(key.path, "the key is AWS's own and not a customer managed one", resource=owner)
