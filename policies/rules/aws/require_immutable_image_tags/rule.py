from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Violation
from policies.rule import Types, rule


@rule(
    id="AWS-022",
    title="Require image tags that cannot be moved",
    severity=Severity.MEDIUM,
    topics=("images", "supply-chain"),
    frameworks=("aws-foundational-security:ECR.2",),
    applies_to=Types(frozenset({"aws:ecr/repository:Repository"})),
    rationale=(
        "A tag that can be moved may mean another image tomorrow than the one that was tested and scanned, on the next"
        " node that pulls it."
    ),
    remediation="Set imageTagMutability to IMMUTABLE, with no exclusion that takes in every tag.",
)
def require_immutable_image_tags(resource: Resource) -> Iterator[Violation]:
    """One violation for a repository whose tags can be moved, wholly or by an exclusion that matches everything."""
    mutability = resource.root["imageTagMutability"]
    if mutability.text() not in ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"):
        yield Violation(mutability.path, "tags of the repository can be moved to other images")
    for exclusion in resource.root["imageTagMutabilityExclusionFilters"].items():
        pattern = exclusion["filter"]
        if (pattern.text() or "").strip("*") == "":
            yield Violation(pattern.path, "the exclusion takes in every tag")
