from __future__ import annotations

from collections.abc import Iterator

from policies.aws.firewalls import INGRESS, Opening, openings
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_ACLS = ("NetworkAcl", "DefaultNetworkAcl", "NetworkAclRule")
_EDGE = (443,)
_ANSWERS = 1024
_EPHEMERAL = 60999 - 32768
"""How many ports above the first a client chooses from: Linux's own range is the smallest in use."""


@rule(
    id="AWS-039",
    title="Limit what the internet can reach to port 443",
    severity=Severity.CRITICAL,
    topics=("public-access", "network"),
    frameworks=("aws-foundational-security:EC2.13", "aws-foundational-security:EC2.18", "cis-aws-3.0:5.2"),
    applies_to=INGRESS,
    mandatory_everywhere=True,
    rationale=(
        "Every other port that is open to the internet is tried by somebody at every hour: logins, databases, and what"
        " was opened for a test and forgotten. Only the edge answers strangers, and it speaks TLS."
    ),
    remediation=(
        "Let in the security group or the networks of those who need the port; go to machines by Session Manager;"
        " redirect HTTP at the edge by CloudFront."
    ),
)
def limit_ingress(resource: Resource) -> Iterator[Violation]:
    """One violation for each network as wide as the internet that a rule lets in on anything but 443.

    Network ACLs do not follow connections, so that they have to let in the answers: whole ranges above 1023 count as
    such, single ports do not.
    """
    for opening in openings(resource, "ingress"):
        if not opening.only(*_EDGE) and not (resource.kind in _ACLS and _lets_answers_in(opening)):
            yield Violation(opening.cidr.path, f"{opening.cidr.shown()} can reach {opening.shown}")


def _lets_answers_in(opening: Opening) -> bool:
    if opening.every_port or opening.first is None or opening.last is None:
        return False
    return opening.first >= _ANSWERS and opening.last - opening.first >= _EPHEMERAL
