# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""EC2 security groups with their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.engine.providers.aws.adapter import TAGS, changed
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.ec2 import Ec2Adapter
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.values import Json, PropertyMap

_RULE = {
    "cidrBlocks": Field("strings", ordered=False),
    "description": Field(longest=255),
    "fromPort": Field("integer", required=True, low=-1, high=65535),
    "ipv6CidrBlocks": Field("strings", ordered=False),
    "protocol": Field(required=True),
    "securityGroups": Field("strings", ordered=False),
    "self": Field("boolean"),
    "toPort": Field("integer", required=True, low=-1, high=65535),
}

_ALL_PORTS = -1


class SecurityGroup(Ec2Adapter):
    """A security group; the rule that lets everything out, which EC2 adds to a new one, is taken away."""

    type = "aws:ec2/securityGroup:SecurityGroup"
    kind = "security-group"
    plural = "SecurityGroups"
    operation = "describe_security_groups"
    key = "GroupId"
    gone = "InvalidGroup.NotFound"
    results = ("arn", "ownerId")
    fields: Mapping[str, Field] = {
        # Length and characters: the CloudFormation schema of AWS::EC2::SecurityGroup.
        "description": Field(
            replaces=True,
            default="Managed by Pulumi",
            longest=255,
            pattern=r"^([a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*])+$",
        ),
        "egress": Field("objects", ordered=False, fields=_RULE),
        "ingress": Field("objects", ordered=False, fields=_RULE),
        "name": Field(required=True, replaces=True, longest=255),
        "revokeRulesOnDelete": Field("boolean", local=True, default=False),
        "vpcId": Field(required=True, replaces=True),
        **TAGS,
    }
    constants: Mapping[str, Json] = {"namePrefix": ""}

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the group."""
        answer = aws.once(
            "ec2",
            "create_security_group",
            GroupName=inputs["name"],
            Description=inputs["description"],
            VpcId=inputs["vpcId"],
            TagSpecifications=self.born_with(tags),
        )
        return str(answer["GroupId"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Add rules that are missing and revoke those that should not be."""
        if not changed(new, old, "ingress", "egress"):
            return
        group = self.find(aws, id)
        if group is None:
            raise aws.fail(f"the security group {id} is gone; run `sandbox up --refresh`")
        for way, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            live = _single(_rules(group[member], id))
            wanted = _single(new.get(way, []))
            for rule in (rule for rule in live if rule not in wanted):
                missing = ("InvalidPermission.NotFound",)
                permissions = [_permission(rule, id)]
                aws.get("ec2", f"revoke_security_group_{way}", missing, GroupId=id, IpPermissions=permissions)
            for rule in (rule for rule in wanted if rule not in live):
                there = ("InvalidPermission.Duplicate",)
                permissions = [_permission(rule, id)]
                aws.get("ec2", f"authorize_security_group_{way}", there, GroupId=id, IpPermissions=permissions)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the group and its rules, gathered the way the inputs gather them."""
        group = self.find(aws, id)
        if group is None:
            return None
        return {
            "arn": self.arn(aws, id),
            "description": group["Description"],
            "egress": _gathered(_rules(group["IpPermissionsEgress"], id), inputs.get("egress", [])),
            "ingress": _gathered(_rules(group["IpPermissions"], id), inputs.get("ingress", [])),
            "name": group["GroupName"],
            "ownerId": group["OwnerId"],
            "vpcId": group["VpcId"],
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the group, and with `revokeRulesOnDelete` first its rules."""
        if inputs.get("revokeRulesOnDelete") and self.find(aws, id):
            self.configure(aws, id, {}, None)
        aws.get("ec2", "delete_security_group", (self.gone,), GroupId=id)


_PEERS = ("cidrBlocks", "ipv6CidrBlocks", "securityGroups")


def _single(rules: list[PropertyMap]) -> list[PropertyMap]:
    """Split rules so that each has one peer, which makes them comparable."""
    found: list[PropertyMap] = []
    for rule in rules:
        every = rule["protocol"] in ("-1", "all")
        shared = {
            "protocol": "-1" if every else rule["protocol"],
            "fromPort": _ALL_PORTS if every else rule["fromPort"],
            "toPort": _ALL_PORTS if every else rule["toPort"],
            "description": rule.get("description", ""),
        }
        found.extend({**shared, peers: [peer]} for peers in _PEERS for peer in rule.get(peers) or ())
        if rule.get("self"):
            found.append({**shared, "self": True})
    return found


def _permission(rule: PropertyMap, group: str) -> Json:
    about = {"Description": rule["description"]} if rule["description"] else {}
    members: dict[str, list[dict[str, str]]] = {
        "IpRanges": [{"CidrIp": peer, **about} for peer in rule.get("cidrBlocks", ())],
        "Ipv6Ranges": [{"CidrIpv6": peer, **about} for peer in rule.get("ipv6CidrBlocks", ())],
        "UserIdGroupPairs": [
            {"GroupId": peer, **about}
            for peer in [*rule.get("securityGroups", ()), *([group] if rule.get("self") else ())]
        ],
    }
    ports = {} if rule["protocol"] == "-1" else {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    return {"IpProtocol": rule["protocol"], **ports, **{name: peers for name, peers in members.items() if peers}}


def _rules(permissions: list[dict[str, Any]], group: str) -> list[PropertyMap]:
    """Return EC2's permissions as rules with one peer each."""
    found: list[PropertyMap] = []
    for permission in permissions:
        shared = {
            "protocol": permission["IpProtocol"],
            "fromPort": permission.get("FromPort", _ALL_PORTS),
            "toPort": permission.get("ToPort", _ALL_PORTS),
        }
        for member, key, name in (
            ("IpRanges", "CidrIp", "cidrBlocks"),
            ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
            ("UserIdGroupPairs", "GroupId", "securityGroups"),
        ):
            for peer in permission.get(member, ()):
                whom = {"self": True} if peer[key] == group else {name: [peer[key]]}
                found.append({**shared, "description": peer.get("Description", ""), **whom})
    return found


def _gathered(live: list[PropertyMap], wanted: list[PropertyMap]) -> list[PropertyMap]:
    """Give live rules the form of the wanted ones that they fulfil, and list the others as they are."""
    left = _single(live)
    found: list[PropertyMap] = []
    for rule in wanted:
        parts = _single([rule])
        if all(part in left for part in parts):
            found.append(rule)
            left = [part for part in left if part not in parts]
    return found + left
