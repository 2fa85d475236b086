from __future__ import annotations

from collections.abc import Iterator

from policies.aws.firewalls import EGRESS, openings
from policies.model import Resource, Severity, Violation
from policies.rule import rule


@rule(
    id="AWS-040",
    title="Limit what can reach the internet to named ports",
    severity=Severity.MEDIUM,
    topics=("network",),
    applies_to=EGRESS,
    rationale=(
        "Data leaves by the same door as updates come in. A group that may talk to every port of every host lets a"
        " program that was taken over talk to whoever took it."
    ),
    remediation=(
        "Let out to security groups, prefix lists or networks that are needed; where it must be everywhere, name the"
        " port, such as 443."
    ),
)
def limit_egress(resource: Resource) -> Iterator[Violation]:
    """One violation for each network as wide as the internet that a rule lets out to on every port."""
    for opening in openings(resource, "egress"):
        everything = opening.first == 0 and opening.last == 65535
        if opening.every_port or everything:
            yield Violation(opening.cidr.path, f"it can reach {opening.cidr.shown()} on every port")
