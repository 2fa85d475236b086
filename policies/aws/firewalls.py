"""Rules of security groups and network ACLs, however Pulumi declares them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.aws.networks import is_wide
from policies.model import Resource
from policies.node import Node
from policies.rule import Types

GROUPS: Final = frozenset({"aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"})
"""Groups that carry rules themselves, under `ingress` and `egress`."""

_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS: Final = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_ACLS: Final = ("aws:ec2/networkAcl:NetworkAcl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
_ACL_RULE: Final = "aws:ec2/networkAclRule:NetworkAclRule"

INGRESS: Final = Types(frozenset({*GROUPS, _RULE, _INGRESS, *_ACLS, _ACL_RULE}))
"""Everything that may let traffic in."""

EGRESS: Final = Types(frozenset({*GROUPS, _RULE, _EGRESS}))
"""Everything that may let traffic out of a group."""

_EVERY_PROTOCOL: Final = ("-1", "all")


@dataclass(frozen=True, slots=True)
class Opening:
    """One network that a rule lets through.

    Attributes:
        cidr: Where the network stands.
        protocol: The protocol, `-1` for every one.
        first: The first port; None if the protocol has none or every port is open.
        last: The last port.
    """

    cidr: Node
    protocol: str
    first: int | None
    last: int | None

    @property
    def every_port(self) -> bool:
        """Whether it is open for every port."""
        return self.protocol in _EVERY_PROTOCOL or self.first in (None, -1) or self.last is None

    def only(self, *ports: int) -> bool:
        """Whether it is open for no other TCP or UDP ports than these, one at a time."""
        return (
            self.protocol in ("tcp", "udp", "6", "17")
            and not self.every_port
            and self.first == self.last
            and self.first in ports
        )

    @property
    def shown(self) -> str:
        """The ports for a message."""
        if self.every_port:
            return "every port"
        return f"port {self.first}" if self.first == self.last else f"the ports {self.first} to {self.last}"


def openings(resource: Resource, direction: str) -> Iterator[Opening]:
    """The networks, wide as the internet, that a resource lets through.

    Args:
        resource: A group, an ACL, or one rule of them.
        direction: `ingress` or `egress`.
    """
    root = resource.root
    if resource.type in GROUPS:
        for item in root[direction].items():
            yield from _classic(item, "protocol")
    elif resource.type == _RULE:
        if root["type"].text() == direction:
            yield from _classic(root, "protocol")
    elif resource.type in (_INGRESS, _EGRESS):
        yield from _of((root["cidrIpv4"], root["cidrIpv6"]), root, "ipProtocol")
    elif resource.type in _ACLS:
        for item in root[direction].items():
            if item["action"].text() == "allow":
                yield from _of((item["cidrBlock"], item["ipv6CidrBlock"]), item, "protocol")
    elif root["ruleAction"].text() == "allow" and (root["egress"].boolean() is True) == (direction == "egress"):
        yield from _of((root["cidrBlock"], root["ipv6CidrBlock"]), root, "protocol")


def _classic(item: Node, protocol: str) -> Iterator[Opening]:
    yield from _of((*item["cidrBlocks"].items(), *item["ipv6CidrBlocks"].items()), item, protocol)


def _of(cidrs: tuple[Node, ...], item: Node, protocol: str) -> Iterator[Opening]:
    for cidr in cidrs:
        text = cidr.text()
        if text and is_wide(text):
            named = item[protocol]
            yield Opening(
                cidr,
                (named.text() or str(named.integer() if named.integer() is not None else "-1")).lower(),
                item["fromPort"].integer(),
                item["toPort"].integer(),
            )
