from __future__ import annotations

from collections.abc import Iterator

from policies.aws.firewalls import INGRESS, openings
from policies.model import Resource, Severity, Violation
from policies.rule import rule

_ACLS = ("NetworkAcl", "DefaultNetworkAcl", "NetworkAclRule")
_EDGE = (443,)
_ANSWERS = 1024


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
    such.
    """
    for opening in openings(resource, "ingress"):
        answers = resource.kind in _ACLS and not opening.every_port and (opening.first or 0) >= _ANSWERS
        if not opening.only(*_EDGE) and not answers:
            yield Violation(opening.cidr.path, f"{opening.cidr.shown()} can reach {opening.shown}")
