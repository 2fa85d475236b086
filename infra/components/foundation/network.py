"""The network that nodes and pods live in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, ec2, iam

from infra.components.foundation.customer_key import customer_key
from infra.components.foundation.network_layout import (
    INTERFACES,
    LOG_DAYS,
    NetworkArgs,
    Zone,
    flow_log_permissions,
    flow_log_trust,
    s3_endpoint_policy,
    zones_of,
)
from infra.components.foundation.resource_policies import document, log_key_policy
from infra.core.component import PlatformComponent

ANYWHERE = "0.0.0.0/0"
HTTPS = 443

_S3_NAMES = ec2.VpcEndpointDnsOptionsArgs(
    dns_record_ip_type="ipv4", private_dns_only_for_inbound_resolver_endpoint=False
)
"""Said, since AWS takes it for true where nobody does, and then refuses the endpoint in a network that has no gateway
endpoint for S3 (Amazon S3 User Guide, "AWS PrivateLink for Amazon S3", Private DNS)."""


@dataclass(frozen=True)
class _Place:
    """A zone's subnets and the table of routes of the private one.

    Attributes:
        endpoints: the subnet of the endpoints; None where calls to AWS leave the network.
    """

    zone: Zone
    public: ec2.Subnet
    private: ec2.Subnet
    endpoints: ec2.Subnet | None
    routes: ec2.RouteTable


class Network(PlatformComponent):
    """A VPC: private and public subnets in each zone, NAT, endpoints of AWS services, logged flows.

    Attributes:
        vpc_id: id of the VPC.
        private_subnets: ids of the private subnets, one for each zone.
        gateways: ids of the NAT gateways, by letter of their zone.
        ready: what must be there before a machine in a private subnet reaches anything.
    """

    DOMAIN = "foundation"
    vpc_id: pulumi.Output[str]
    private_subnets: Sequence[pulumi.Output[str]]
    gateways: Mapping[str, pulumi.Output[str]]
    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: NetworkArgs, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        self._args = args
        vpc = ec2.Vpc(
            self.child("vpc"),
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": args.name},
            opts=self.child_options(),
        )
        self._vpc = vpc
        # Neither ingress nor egress: what nobody gives a group gets this one.
        ec2.DefaultSecurityGroup(
            self.child("default-group"),
            vpc_id=vpc.id,
            tags={"Name": f"{args.name}-default"},
            opts=self.child_options(),
        )
        self._flow_logs()
        places = [self._place(zone) for zone in zones_of(args)]
        public = self._public_routes(places)
        routes = [*public, *self._private_routes(places, public)]
        endpoints = self._endpoints(places)
        self.vpc_id = vpc.id
        self.private_subnets = [place.private.id for place in places]
        # Load balancers stand in the public subnets of all zones: no subnet goes before the cluster does.
        self.ready = [*(place.public for place in places), *routes, *endpoints]
        self.register_outputs({"vpcId": vpc.id, "privateSubnets": self.private_subnets})

    def _place(self, zone: Zone) -> _Place:
        def subnet(role: str, cidr: str, **tags: str) -> ec2.Subnet:
            return ec2.Subnet(
                self.child(f"{role}-{zone.letter}"),
                vpc_id=self._vpc.id,
                availability_zone=zone.name,
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._args.name}-{role}-{zone.letter}", **tags},
                opts=self.child_options(),
            )

        # Where load balancers go is read from these tags (AWS Load Balancer Controller, subnet auto-discovery).
        public = subnet("public", zone.public, **{"kubernetes.io/role/elb": "1"})
        private = subnet("private", zone.private, **{"kubernetes.io/role/internal-elb": "1"})
        endpoints = subnet("endpoints", zone.endpoints) if self._args.endpoints else None
        return _Place(zone, public, private, endpoints, self._table(f"private-{zone.letter}", private))

    def _table(self, role: str, *subnets: ec2.Subnet) -> ec2.RouteTable:
        table = ec2.RouteTable(
            self.child(f"{role}-routes"),
            vpc_id=self._vpc.id,
            tags={"Name": f"{self._args.name}-{role}"},
            opts=self.child_options(),
        )
        for index, subnet in enumerate(subnets):
            ec2.RouteTableAssociation(
                self.child(f"{role}-in-{index}"),
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=self.child_options(),
            )
        return table

    def _public_routes(self, places: Sequence[_Place]) -> list[pulumi.Resource]:
        gateway = ec2.InternetGateway(
            self.child("internet"), vpc_id=self._vpc.id, tags={"Name": self._args.name}, opts=self.child_options()
        )
        table = self._table("public", *(place.public for place in places))
        route = ec2.Route(
            self.child("public-default"),
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self.child_options(),
        )
        return [route]

    def _private_routes(self, places: Sequence[_Place], public: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        gateways = [self._gateway(place, public) for place in places[: self._args.gateways]]
        self.gateways = {place.zone.letter: gateway.id for place, gateway in zip(places, gateways, strict=False)}
        return [
            ec2.Route(
                self.child(f"private-{place.zone.letter}-default"),
                route_table_id=place.routes.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=gateways[place.zone.gateway].id,
                opts=self.child_options(),
            )
            for place in places
        ]

    def _gateway(self, place: _Place, public: Sequence[pulumi.Resource]) -> ec2.NatGateway:
        tags = {"Name": f"{self._args.name}-nat-{place.zone.letter}"}
        address = ec2.Eip(
            self.child(f"nat-{place.zone.letter}-address"), domain="vpc", tags=tags, opts=self.child_options()
        )
        return ec2.NatGateway(
            self.child(f"nat-{place.zone.letter}"),
            subnet_id=place.public.id,
            allocation_id=address.id,
            connectivity_type="public",
            tags=tags,
            # AWS refuses one in a network that has no way to the internet yet.
            opts=self.child_options(after=public),
        )

    def _endpoints(self, places: Sequence[_Place]) -> list[pulumi.Resource]:
        args, service = self._args, f"com.amazonaws.{self._args.region}"
        subnets = [place.endpoints for place in places if place.endpoints is not None]
        if not subnets:
            return [self._s3_gateway(places)]
        endpoints: list[pulumi.Resource] = []
        # Nothing leaves these subnets: their table has no way out.
        self._table("endpoints", *subnets)
        group = ec2.SecurityGroup(
            self.child("endpoint-group"),
            name=f"{args.name}-endpoints",
            description="HTTPS from the network to the endpoints of AWS services",
            vpc_id=self._vpc.id,
            ingress=[
                {
                    "description": "HTTPS from the network",
                    "protocol": "tcp",
                    "from_port": HTTPS,
                    "to_port": HTTPS,
                    "cidr_blocks": [args.cidr],
                }
            ],
            tags={"Name": f"{args.name}-endpoints"},
            opts=self.child_options(),
        )
        for name in INTERFACES:
            endpoint = ec2.VpcEndpoint(
                self.child(f"endpoint-{name.replace('.', '-')}"),
                vpc_id=self._vpc.id,
                service_name=f"{service}.{name}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                dns_options=_S3_NAMES if name == "s3" else None,
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[group.id],
                policy=s3_endpoint_policy(args) if name == "s3" else None,
                tags={"Name": f"{args.name}-{name}"},
                opts=self.child_options(),
            )
            endpoints.append(endpoint)
        return endpoints

    def _s3_gateway(self, places: Sequence[_Place]) -> pulumi.Resource:
        gateway: pulumi.Resource = ec2.VpcEndpoint(
            self.child("endpoint-s3"),
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[place.routes.id for place in places],
            policy=s3_endpoint_policy(self._args),
            tags={"Name": f"{self._args.name}-s3"},
            opts=self.child_options(),
        )
        return gateway

    def _flow_logs(self) -> None:
        args = self._args
        group_name = f"/aws/vpc/{args.name}/flows"
        key = customer_key(
            self,
            f"Encrypts the flow logs of {args.name}",
            document(log_key_policy(args.account_id, args.region, [group_name])),
            keep=args.keep,
        )
        group = cloudwatch.LogGroup(
            self.child("flows"),
            name=group_name,
            retention_in_days=LOG_DAYS,
            kms_key_id=key.arn,
            opts=self.child_options(),
        )
        role = iam.Role(
            self.child("flows-role"),
            name=f"{args.name}-{args.region}-flow-logs",
            assume_role_policy=flow_log_trust(args.account_id, args.region),
            opts=self.child_options(),
        )
        permission = iam.RolePolicy(
            self.child("flows-permission"),
            name="write-flow-logs",
            role=role.name,
            policy=group.arn.apply(flow_log_permissions),
            opts=self.child_options(),
        )
        ec2.FlowLog(
            self.child("flow-log"),
            vpc_id=self._vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            tags={"Name": args.name},
            opts=self.child_options(after=[permission]),
        )
