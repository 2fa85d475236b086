from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="AWS-044",
    title="Require audit trails to cover every region and to show tampering",
    severity=Severity.HIGH,
    topics=("logging", "audit"),
    frameworks=(
        "aws-foundational-security:CloudTrail.1",
        "aws-foundational-security:CloudTrail.4",
        "cis-aws-3.0:3.1",
        "cis-aws-3.0:3.2",
    ),
    applies_to=Types(frozenset({"aws:cloudtrail/trail:Trail"})),
    rationale=(
        "Who breaks in works in the region that nobody looks at, and then changes the log. A trail over all regions"
        " with signed digests shows both."
    ),
    remediation=(
        "Set isMultiRegionTrail and enableLogFileValidation to true, and leave enableLogging and"
        " includeGlobalServiceEvents on."
    ),
)
def require_trail_integrity(resource: Resource) -> Iterator[Violation]:
    """One violation for each of the four switches that is not on."""
    root = resource.root
    for key, says in (
        ("isMultiRegionTrail", "the trail sees one region only"),
        ("enableLogFileValidation", "nobody can tell whether the log was changed"),
    ):
        if root[key].boolean() is not True:
            yield Violation(key, says)
    for key, says in (
        ("enableLogging", "the trail is off"),
        ("includeGlobalServiceEvents", "the trail leaves out IAM and other global services"),
    ):
        if root[key].boolean() is False:
            yield Violation(key, says)
