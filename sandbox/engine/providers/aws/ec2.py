# ruff: noqa: ARG002  # adapters share one interface, and few types need all of it
"""Networks: VPCs and subnets, and what every EC2 thing with a generated id shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.engine.providers.aws.adapter import TAGS, Adapter, Identity, changed
from sandbox.engine.providers.aws.calls import Calls
from sandbox.engine.providers.aws.fields import Field
from sandbox.engine.providers.aws.tags import NONCE_TAG, pairs, unpaired
from sandbox.engine.values import Json, PropertyMap

_CIDR = r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$"


class Ec2Adapter(Adapter):
    """An EC2 thing: found by its id or by the nonce in its tags.

    Attributes:
        kind: EC2's name of the thing in tag specifications.
        noun: the name in operations and answers, as in `describe_<noun>s`.
        key: the member with the id.
        gone: the code of one that does not exist.
    """

    service = "ec2"
    identity: Identity = "generated"
    kind: ClassVar[str]
    plural: ClassVar[str]
    operation: ClassVar[str]
    key: ClassVar[str]
    gone: ClassVar[str]

    def born_with(self, tags: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the tag specification of a creation."""
        return [{"ResourceType": self.kind, "Tags": pairs(tags)}]

    def created(self, aws: Calls, inputs: PropertyMap, nonce: str) -> str | None:
        """Find the thing with the nonce."""
        filters = [{"Name": f"tag:{NONCE_TAG}", "Values": [nonce]}]
        found = aws.call("ec2", self.operation, Filters=filters)[self.plural]
        return str(found[0][self.key]) if found else None

    def find(self, aws: Calls, id: str) -> dict[str, Any] | None:
        """Return the thing as EC2 describes it."""
        answer = aws.get("ec2", self.operation, (self.gone,), **{f"{self.key}s": [id]})
        return answer[self.plural][0] if answer and answer[self.plural] else None

    def live_tags(self, aws: Calls, id: str) -> dict[str, str]:
        """Return the thing's tags."""
        return unpaired((self.find(aws, id) or {}).get("Tags", ()))

    def put_tags(self, aws: Calls, id: str, tags: Mapping[str, str], removed: list[str]) -> None:
        """Set and remove tags."""
        if removed:
            aws.call("ec2", "delete_tags", Resources=[id], Tags=[{"Key": key} for key in removed])
        if tags:
            aws.call("ec2", "create_tags", Resources=[id], Tags=pairs(tags))

    def arn(self, aws: Calls, id: str) -> str:
        """Return the thing's ARN."""
        return f"arn:{aws.partition}:ec2:{aws.region}:{aws.account}:{self.kind}/{id}"


class Vpc(Ec2Adapter):
    """A virtual network."""

    type = "aws:ec2/vpc:Vpc"
    kind = "vpc"
    plural = "Vpcs"
    operation = "describe_vpcs"
    key = "VpcId"
    gone = "InvalidVpcID.NotFound"
    results = (
        "arn",
        "defaultNetworkAclId",
        "defaultRouteTableId",
        "defaultSecurityGroupId",
        "dhcpOptionsId",
        "mainRouteTableId",
        "ownerId",
    )
    fields: Mapping[str, Field] = {
        "cidrBlock": Field(required=True, replaces=True, pattern=_CIDR),
        "enableDnsHostnames": Field("boolean", computed=True),
        "enableDnsSupport": Field("boolean", default=True),
        "instanceTenancy": Field(replaces=True, default="default", choices=("default", "dedicated")),
        **TAGS,
    }
    constants: Mapping[str, Json] = {
        "enableNetworkAddressUsageMetrics": False,
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "ipv6CidrBlockNetworkBorderGroup": "",
    }

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the network."""
        answer = aws.once(
            "ec2",
            "create_vpc",
            CidrBlock=inputs["cidrBlock"],
            InstanceTenancy=inputs["instanceTenancy"],
            TagSpecifications=self.born_with(tags),
        )
        return str(answer["Vpc"]["VpcId"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set what DNS does in the network; EC2 takes one attribute at a time."""
        for name, wire in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
            if name in new and changed(new, old, name):
                aws.call("ec2", "modify_vpc_attribute", VpcId=id, **{wire: {"Value": new[name]}})

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the network and what EC2 made with it."""
        vpc = self.find(aws, id)
        if vpc is None:
            return None
        inside = [{"Name": "vpc-id", "Values": [id]}]
        tables = aws.call(
            "ec2",
            "describe_route_tables",
            Filters=[*inside, {"Name": "association.main", "Values": ["true"]}],
        )["RouteTables"]
        default = [*inside, {"Name": "default", "Values": ["true"]}]
        acls = aws.call("ec2", "describe_network_acls", Filters=default)["NetworkAcls"]
        named = [*inside, {"Name": "group-name", "Values": ["default"]}]
        groups = aws.call("ec2", "describe_security_groups", Filters=named)["SecurityGroups"]
        return {
            "arn": self.arn(aws, id),
            "cidrBlock": vpc["CidrBlock"],
            "defaultNetworkAclId": acls[0]["NetworkAclId"],
            "defaultRouteTableId": tables[0]["RouteTableId"],
            "defaultSecurityGroupId": groups[0]["GroupId"],
            "dhcpOptionsId": vpc["DhcpOptionsId"],
            "enableDnsHostnames": self._attribute(aws, id, "enableDnsHostnames", "EnableDnsHostnames"),
            "enableDnsSupport": self._attribute(aws, id, "enableDnsSupport", "EnableDnsSupport"),
            "instanceTenancy": vpc["InstanceTenancy"],
            "mainRouteTableId": tables[0]["RouteTableId"],
            "ownerId": vpc["OwnerId"],
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the network."""
        aws.get("ec2", "delete_vpc", (self.gone,), VpcId=id)

    def _attribute(self, aws: Calls, id: str, asked: str, answered: str) -> bool:
        answer = aws.call("ec2", "describe_vpc_attribute", VpcId=id, Attribute=asked)
        return bool(answer[answered]["Value"])


class Subnet(Ec2Adapter):
    """A part of a network in one availability zone."""

    type = "aws:ec2/subnet:Subnet"
    kind = "subnet"
    plural = "Subnets"
    operation = "describe_subnets"
    key = "SubnetId"
    gone = "InvalidSubnetID.NotFound"
    results = ("arn", "availabilityZoneId", "ownerId")
    fields: Mapping[str, Field] = {
        "availabilityZone": Field(replaces=True, computed=True),
        "cidrBlock": Field(required=True, replaces=True, pattern=_CIDR),
        "mapPublicIpOnLaunch": Field("boolean", default=False),
        "vpcId": Field(required=True, replaces=True),
        **TAGS,
    }
    constants: Mapping[str, Json] = {
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociationId": "",
        "privateDnsHostnameTypeOnLaunch": "",
    }

    def create(self, aws: Calls, inputs: PropertyMap, tags: Mapping[str, str], nonce: str) -> str:
        """Create the subnet."""
        answer = aws.once(
            "ec2",
            "create_subnet",
            VpcId=inputs["vpcId"],
            CidrBlock=inputs["cidrBlock"],
            AvailabilityZone=inputs.get("availabilityZone"),
            TagSpecifications=self.born_with(tags),
        )
        return str(answer["Subnet"]["SubnetId"])

    def configure(self, aws: Calls, id: str, new: PropertyMap, old: PropertyMap | None) -> None:
        """Set whether machines get public addresses."""
        if changed(new, old, "mapPublicIpOnLaunch"):
            public = {"Value": new["mapPublicIpOnLaunch"]}
            aws.call("ec2", "modify_subnet_attribute", SubnetId=id, MapPublicIpOnLaunch=public)

    def describe(self, aws: Calls, id: str, inputs: PropertyMap) -> PropertyMap | None:
        """Read the subnet."""
        subnet = self.find(aws, id)
        if subnet is None:
            return None
        return {
            "arn": subnet["SubnetArn"],
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet["AvailabilityZoneId"],
            "cidrBlock": subnet["CidrBlock"],
            "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
            "ownerId": subnet["OwnerId"],
            "vpcId": subnet["VpcId"],
        }

    def delete(self, aws: Calls, id: str, inputs: PropertyMap) -> None:
        """Delete the subnet."""
        aws.get("ec2", "delete_subnet", (self.gone,), SubnetId=id)
