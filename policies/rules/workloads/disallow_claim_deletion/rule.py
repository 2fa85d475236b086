from __future__ import annotations

from collections.abc import Iterator

from policies.kinds import kinds
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="POD-039",
    title="Disallow deleting volumes together with a StatefulSet or its replicas",
    severity=Severity.HIGH,
    topics=("availability", "storage", "data-loss"),
    applies_to=kinds(("apps", "StatefulSet")),
    rationale=(
        "With Delete, scaling down for a night, or replacing the StatefulSet, deletes the data with it. Whoever wants"
        " the data gone says so by deleting the claim."
    ),
    remediation="Leave persistentVolumeClaimRetentionPolicy unset, or set whenDeleted and whenScaled to Retain.",
)
def disallow_claim_deletion(resource: Resource) -> Iterator[Violation]:
    """Unset is right: the default is Retain."""
    policy = resource.root.at("spec", "persistentVolumeClaimRetentionPolicy")
    for when in ("whenDeleted", "whenScaled"):
        if policy[when].exists() and policy[when].text() != "Retain":
            yield Violation(policy[when].path, f"volumes are deleted ({when} is {policy[when].shown()})")
