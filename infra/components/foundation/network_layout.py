"""Addresses, zones and prices of the network, as plain values."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from pydantic import Field

from infra.components.foundation.resource_policies import document
from infra.core.catalog.prices import ENDPOINT, KMS_KEY, NAT
from infra.core.cost.usage import HOURS_A_MONTH, PLATFORM, Usage
from infra.core.iam import AwsNetwork, AwsPlace
from infra.core.iam.place import bucket_arn
from infra.core.iam.reach import layer_bucket
from infra.core.models import Args

NAME = "network"
"""Its name as a part of the platform."""

MOST_ZONES = 6
"""Most availability zones of a region (us-east-1, AWS Regions and Availability Zones)."""

PRIVATE_BITS, PUBLIC_BITS, ENDPOINT_BITS = 3, 6, 8
"""Seven eighths of the network are for nodes and pods, of which each has an address. The last one is for gateways and
load balancers, with its last quarter for the endpoints of AWS services: a NetworkPolicy can open those and nothing
else."""

INTERFACES = (
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "logs",
    "s3",
    "secretsmanager",
)
"""Services that nodes and pods call, which have endpoints of their own where calls stay inside the network. KMS is
called by other services on their behalf, and STS by nobody: pods have roles by `eks-auth`."""

MOST_INTERFACES = 11
"""Addresses of the smallest subnet of endpoints, of 28 bits; five of its sixteen are AWS's own (VPC User Guide)."""

LOG_DAYS = 365
"""Days for which flow logs are kept: intrusions are found after months."""


class NetworkArgs(Args):
    """A network over several zones."""

    name: str = Field(min_length=1, max_length=60, description="name of the network")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    region: str = Field(description="region that it is in")
    zones: tuple[str, ...] = Field(min_length=2, max_length=MOST_ZONES, description="letters of its zones")
    cidr: str = Field(description="its addresses")
    gateways: int = Field(ge=1, le=MOST_ZONES, description="NAT gateways; fewer than zones share")
    endpoints: bool = Field(description="whether calls to AWS stay inside the network")
    keep: bool = Field(default=True, description="whether the key outlives a mistake")


@dataclass(frozen=True)
class Zone:
    """One availability zone and its subnets."""

    name: str
    letter: str
    private: str
    public: str
    endpoints: str
    gateway: int


def zones_of(args: NetworkArgs) -> tuple[Zone, ...]:
    """The subnets of each zone, which do not overlap, and the NAT gateway that each uses."""
    whole = ipaddress.ip_network(args.cidr)
    *eighths, last = whole.subnets(prefixlen_diff=PRIVATE_BITS)
    publics = last.subnets(prefixlen_diff=PUBLIC_BITS - PRIVATE_BITS)
    *_, quarter = last.subnets(prefixlen_diff=2)
    endpoints = quarter.subnets(prefixlen_diff=ENDPOINT_BITS - PRIVATE_BITS - 2)
    return tuple(
        Zone(f"{args.region}{letter}", letter, str(private), str(public), str(endpoint), index % args.gateways)
        for index, (letter, private, public, endpoint) in enumerate(
            zip(args.zones, eighths, publics, endpoints, strict=False)
        )
    )


def aws_network(args: NetworkArgs) -> AwsNetwork:
    """From where what runs in the network calls AWS."""
    place = AwsPlace(account_id=args.account_id, region=args.region)
    if not args.endpoints:
        return AwsNetwork(place=place)
    blocks = tuple(zone.endpoints for zone in zones_of(args))
    return AwsNetwork(place=place, services=frozenset(INTERFACES), blocks=blocks)


def s3_endpoint_policy(args: NetworkArgs) -> str:
    """Whose buckets can be reached from the network: the account's, and that of ECR's layers, which is AWS's own.

    Whoever takes over a pod cannot carry data away to a bucket of another account with credentials of that account.
    """
    own = {
        "Sid": "OwnBuckets",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceAccount": args.account_id}},
    }
    layers = {
        "Sid": "ImageLayers",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": bucket_arn(layer_bucket(args.region), "*"),
    }
    return document([own, layers])


def flow_log_trust(account_id: str, region: str) -> str:
    """Who may write flow logs: this account's own (VPC User Guide, IAM role for publishing flow logs)."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account_id},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{region}:{account_id}:vpc-flow-log/*"},
        },
    }
    return document([statement])


def flow_log_permissions(group_arn: str) -> str:
    """What writing to one log group takes."""
    statement = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "Resource": [group_arn, f"{group_arn}:*"],
    }
    return document([statement])


def usages(args: NetworkArgs) -> Iterator[Usage]:
    """Gateways and endpoints by the hour, wherever traffic goes; traffic itself is not estimated."""
    hours = Fraction(HOURS_A_MONTH)
    yield Usage(NAME, PLATFORM, "NAT gateways", NAT, args.gateways * hours, args.gateways * hours)
    if args.endpoints:
        endpoints = len(INTERFACES) * len(args.zones) * hours
        yield Usage(NAME, PLATFORM, "endpoints of AWS services", ENDPOINT, endpoints, endpoints)
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, Fraction(1), Fraction(1), Fraction(int(args.keep)))
