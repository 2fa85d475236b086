from __future__ import annotations

from collections.abc import Iterator

from policies.model import Resource, Severity, Stack, Violation
from policies.rule import WholeStack, rule
from policies.whole import judged, of_types

_VPC = ("aws:ec2/vpc:Vpc",)
_DEFAULT = ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",)


@rule(
    id="AWS-041",
    title="Require the default security group of each network to be closed",
    severity=Severity.MEDIUM,
    topics=("network",),
    frameworks=("aws-foundational-security:EC2.2", "cis-aws-3.0:5.4"),
    applies_to=WholeStack(),
    rationale=(
        "What nobody gives a group gets the default one, and that lets all its members talk to each other and to the"
        " internet. Closed, a forgotten group shows as an outage in a test, not as an open door."
    ),
    remediation="Declare a DefaultSecurityGroup of the VPC with neither ingress nor egress.",
)
def require_closed_default_group(stack: Stack) -> Iterator[Violation]:
    """One violation for each network without such a group, and for each list of rules in one.

    Which network a group is of is known only when the network is there, so they are counted.
    """
    groups = of_types(stack, _DEFAULT)
    networks = of_types(stack, _VPC)
    for network in networks[len(groups) :]:
        yield Violation("", "the default security group of the network is left open", resource=network)
    yield from judged(groups, _closed)


def _closed(group: Resource) -> Iterator[Violation]:
    for direction in ("ingress", "egress"):
        rules = group.root[direction]
        if rules.items():
            yield Violation(rules.path, f"the default security group lets {direction} through")
