from __future__ import annotations

from collections.abc import Iterator

from policies.aws.buckets import each_bucket
from policies.aws.tags import default_tags, own_tags
from policies.aws.tokens import versions_of
from policies.model import Resource, Severity, Stack, Violation
from policies.node import Node
from policies.rule import WholeStack, rule
from policies.unknown import UnknownValueError
from policies.whole import keeps_data, of_types

_LOGGING = versions_of("aws:s3/bucketLogging:BucketLogging")
_TRAILS = ("aws:cloudtrail/trail:Trail",)
_OBJECTS = "AWS::S3::Object"
_CLASS = "dataclass"
_HARMLESS = ("public", "internal")


@rule(
    id="AWS-006",
    title="Require a record of who reads and writes a bucket's objects",
    severity=Severity.MEDIUM,
    topics=("logging", "storage"),
    frameworks=("aws-foundational-security:S3.9", "cis-aws-3.0:3.8", "cis-aws-3.0:3.9"),
    applies_to=WholeStack(),
    rationale=(
        "Calls on objects are in no log unless they are asked for. After a leak nobody can say what was read, and no"
        " alarm can tell that somebody reads everything."
    ),
    remediation=(
        "Log the bucket's access with a BucketLogging into a bucket for logs, or with a CloudTrail Trail whose event"
        " selectors include the data events of S3 objects."
    ),
)
def require_bucket_logging(stack: Stack) -> Iterator[Violation]:
    """One violation for each bucket whose objects are used without a record; buckets that receive logs are exempt.

    Buckets whose tag DataClass, their own or their provider's, says public or internal are not judged, nor are stacks
    whose environment keeps no data: nothing that anybody could leak lies there.
    """
    if not keeps_data(stack) or any(_records_objects(trail) for trail in of_types(stack, _TRAILS)):
        return
    receiving, defaults = _receiving(stack), default_tags(stack)

    def recorded(bucket: Resource, settings: list[Resource]) -> Iterator[Violation]:
        name = bucket.root["bucket"].text()
        inline = bucket.root.at("logging", "targetBucket")
        logged = inline.exists() or any(setting.root["targetBucket"].exists() for setting in settings)
        class_ = own_tags(bucket).get(_CLASS) or (defaults or {}).get(_CLASS)
        if not logged and name not in receiving and class_ not in _HARMLESS:
            yield Violation(inline.path, "nothing records who uses the bucket's objects")

    yield from each_bucket(stack, _LOGGING, recorded)


def _receiving(stack: Stack) -> set[str | None]:
    targets = [setting.root["targetBucket"] for setting in of_types(stack, _LOGGING)]
    targets += [trail.root["s3BucketName"] for trail in of_types(stack, _TRAILS)]
    return {target.text() for target in targets if target.known() and target.exists()}


def _records_objects(trail: Resource) -> bool:
    try:
        classic = any(_mentions(item["dataResources"], "type") for item in trail.root["eventSelectors"].items())
        advanced = any(_selects(item["fieldSelectors"]) for item in trail.root["advancedEventSelectors"].items())
    except UnknownValueError:
        return False
    return classic or advanced


def _mentions(resources: Node, key: str) -> bool:
    return any(item[key].text() == _OBJECTS for item in resources.items())


def _selects(selectors: Node) -> bool:
    return any(
        selector["field"].text() == "resources.type"
        and any(value.text() == _OBJECTS for value in selector["equals"].items())
        for selector in selectors.items()
    )
