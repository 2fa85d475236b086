"""Buckets and their settings, which Pulumi declares as resources of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from policies.aws.tokens import versions_of
from policies.model import Resource, Stack, Violation
from policies.node import Node
from policies.unknown import UnknownValueError
from policies.whole import judged, of_types

BUCKET: Final = versions_of("aws:s3/bucket:Bucket")
"""The tokens of a bucket."""

LOGGING: Final = versions_of("aws:s3/bucketLogging:BucketLogging")
"""The tokens of the setting that has a bucket's use written down."""

_BALANCERS: Final = versions_of("aws:lb/loadBalancer:LoadBalancer")


def settings_of(stack: Stack, bucket: Resource, tokens: frozenset[str]) -> list[Resource]:
    """The resources of the given types that are settings of the bucket.

    They are told by the bucket's name. One whose bucket is not known yet may be of any bucket, so if no other is found
    it cannot be said whether this bucket has any.

    Raises:
        UnknownValueError: If the bucket has none for certain, but may have one.
    """
    name = bucket.root["bucket"]
    known = name.text() if name.known() else None
    found: list[Resource] = []
    doubtful: list[Resource] = []
    for setting in of_types(stack, tokens):
        target = setting.root["bucket"]
        if not target.known() or (known is None and not _is_another(stack, target)):
            doubtful.append(setting)
        elif known is not None and target.text() == known:
            found.append(setting)
    if doubtful and not found:
        raise UnknownValueError(f"the bucket of {doubtful[0].address}")
    return found


def _is_another(stack: Stack, target: Node) -> bool:
    names = (other.root["bucket"] for other in of_types(stack, BUCKET))
    return any(name.known() and name.text() == target.text() for name in names)


def receiving_logs(stack: Stack) -> frozenset[str]:
    """The names of the buckets into which AWS delivers logs with S3's own key only, as far as they are known.

    Such are the server access logs of other buckets, and the access logs of application load balancers (Elastic Load
    Balancing User Guide, "Enable access logs for your Application Load Balancer"); those of network load balancers may
    have a customer's key.
    """
    settings = ((setting.root["bucket"], setting.root["targetBucket"]) for setting in of_types(stack, LOGGING))
    targets = [target for source, target in settings if not _is_same(source, target)]
    targets += [balancer.root["accessLogs"]["bucket"] for balancer in of_types(stack, _BALANCERS) if _is_alb(balancer)]
    return frozenset(name for target in targets if target.known() and (name := target.text()))


def _is_same(source: Node, target: Node) -> bool:
    return source.known() and target.known() and source.text() == target.text()


def _is_alb(balancer: Resource) -> bool:
    kind = balancer.root["loadBalancerType"]
    return not kind.exists() or (kind.known() and kind.text() == "application")


def each_bucket(
    stack: Stack, tokens: frozenset[str], check: Callable[[Resource, list[Resource]], Iterator[Violation]]
) -> Iterator[Violation]:
    """Ask a check about each bucket of the stack and its settings of the given types."""

    def about(bucket: Resource) -> Iterator[Violation]:
        yield from check(bucket, settings_of(stack, bucket, tokens))

    yield from judged(of_types(stack, BUCKET), about)
