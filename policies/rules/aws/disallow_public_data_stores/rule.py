from __future__ import annotations

from collections.abc import Iterator

from policies.aws.flags import types_of, unset
from policies.aws.stores import PRIVATE
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="AWS-030",
    title="Disallow data stores and machines that the internet can reach",
    severity=Severity.CRITICAL,
    topics=("public-access", "databases"),
    frameworks=("aws-foundational-security:RDS.2", "aws-foundational-security:EC2.9", "cis-aws-3.0:2.3.3"),
    applies_to=types_of(PRIVATE),
    mandatory_everywhere=True,
    rationale=(
        "A database with a public address is found within minutes and tried with every password that ever leaked. Only"
        " the edge answers the internet; everything behind it has private addresses."
    ),
    remediation="Set publiclyAccessible (or what the finding points to) to false, and use private subnets.",
)
def disallow_public_data_stores(resource: Resource) -> Iterator[Violation]:
    """One violation for each property that gives out a public address."""
    yield from unset(PRIVATE, resource, "the internet can reach it")
