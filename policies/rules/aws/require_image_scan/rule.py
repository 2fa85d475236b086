from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, of_types

_REGISTRY = ("aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",)
_OFTEN = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


@rule(
    id="AWS-023",
    title="Require images to be scanned when they are pushed",
    severity=Severity.MEDIUM,
    topics=("images", "supply-chain"),
    frameworks=("aws-foundational-security:ECR.1",),
    applies_to=WholeStack(),
    rationale="Known holes in an image are cheapest to close before it runs, and nobody looks for them by hand.",
    remediation=(
        "Set imageScanningConfiguration.scanOnPush to true, or scan the whole registry on push by a"
        " RegistryScanningConfiguration."
    ),
)
def require_image_scan(stack: Stack) -> Iterator[Violation]:
    """One violation for each repository that neither it nor the registry scans on push."""
    for registry in of_types(stack, _REGISTRY):
        for rule_ in registry.root["rules"].items():
            whole = [item["filter"].text() == "*" for item in rule_["repositoryFilters"].items()]
            if rule_["scanFrequency"].text() in _OFTEN and any(whole):
                return
    yield from judged(of_types(stack, ("aws:ecr/repository:Repository",)), _scanned)


def _scanned(repository: Resource) -> Iterator[Violation]:
    on_push = repository.root.at("imageScanningConfiguration", "scanOnPush")
    if on_push.boolean() is not True:
        yield Violation(on_push.path, "nobody looks for known holes in the images")
