"""The load balancer between CloudFront and Kong: names, documents, attributes and prices, as plain values.

It has private addresses only. CloudFront reaches it through interfaces of its own in the same network (a VPC origin,
CloudFront Developer Guide, "Restrict access with VPC origins"), so there is no way to it from the internet, past the
firewall. WebSocket works that way since May 2026 (dev.classmethod.jp, "Amazon CloudFront now supports WebSocket for VPC
origins", where somebody tried it with such a load balancer).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import Field

from infra.components.edge import balancer_models as bm
from infra.components.edge.kong_layout import COMPONENT, NAMESPACE, PROXY_PORT, STATUS_PORT
from infra.components.edge.kong_layout import NAME as KONG
from infra.components.foundation.bucket_layout import lifecycle
from infra.components.foundation.resource_policies import bucket_tls_only, document
from infra.core.catalog.prices import BALANCER, BALANCER_UNIT
from infra.core.cost.usage import HOURS_A_MONTH, PLATFORM, Usage
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.names import dns_label

Manifest = dict[str, Any]
NAME = "load-balancer"
"""Its name as a part of the platform."""

NAME_LENGTH = 32
"""Longest name of a load balancer or target group (Elastic Load Balancing API, CreateLoadBalancer)."""

PORT = 443
TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3 with forward secrecy (Application Load Balancers, "Security policies")."""

IDLE_SECONDS = 75
"""How long a connection may be silent: longer than CloudFront keeps its own (60 s), which then is never cut by
surprise, and longer than both sides of a WebSocket wait for the next ping."""

DRAIN_SECONDS = 45
"""How long a pod that goes may finish what it has; Kong itself stops after 60."""

HEALTH_PATH = "/status/ready"
HEALTH_SECONDS, HEALTHY, UNHEALTHY = 10, 2, 2
LOG_DAYS = 365
LOG_NONCURRENT_DAYS = 30
LOG_SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"
LOG_PREFIX = "balancer"


class BalancerArgs(Args):
    """A load balancer with private addresses."""

    name: str = Field(min_length=1, max_length=NAME_LENGTH, description="name of the load balancer")
    group: str = Field(min_length=1, max_length=NAME_LENGTH, description="name of its target group")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    region: str = Field(description="region that it is in")
    network: str = Field(description="addresses of the network, CloudFront's interfaces among them")
    subnets: tuple[str, ...] = Field(min_length=2, description="addresses of the private subnets that it is in")
    log_bucket: str = Field(min_length=3, max_length=63, description="globally unique name of the bucket for its logs")
    keep: bool = Field(default=True, description="whether it and its logs outlive a mistake")


def group_name(cluster: str) -> str:
    """Name of the target group of a cluster's gateway."""
    return dns_label(cluster, KONG, limit=NAME_LENGTH)


def log_bucket_policy(args: BalancerArgs) -> str:
    """Lets load balancers of the account write their logs, and everybody else in over TLS only.

    Application Load Balancers, "Enable access logs": the service, the account's own prefix.
    """
    deliver = {
        "Sid": "AccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": LOG_SERVICE},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{args.log_bucket}/{LOG_PREFIX}/AWSLogs/{args.account_id}/*",
        "Condition": {
            "ArnLike": {
                "aws:SourceArn": f"arn:aws:elasticloadbalancing:{args.region}:{args.account_id}:loadbalancer/*"
            },
        },
    }
    return document([deliver, bucket_tls_only(args.log_bucket)])


def log_lifecycle() -> list[dict[str, Any]]:
    """Logs go after a year; replaced versions and unfinished uploads before."""
    return lifecycle(expire_days=LOG_DAYS, noncurrent_days=LOG_NONCURRENT_DAYS)


def health_check() -> dict[str, Any]:
    """Kong's own word on whether it may get requests, on the port that tells nothing else from outside."""
    return {
        "enabled": True,
        "protocol": "HTTP",
        "port": str(STATUS_PORT),
        "path": HEALTH_PATH,
        "matcher": "200",
        "interval": HEALTH_SECONDS,
        "timeout": HEALTH_SECONDS // 2,
        "healthy_threshold": HEALTHY,
        "unhealthy_threshold": UNHEALTHY,
    }


def binding_manifest(args: BalancerArgs, ownership: Ownership) -> Manifest:
    """Kong's pods as the targets of the group."""
    spec = bm.TargetGroupBindingSpec(
        target_group_name=args.group, service_ref=bm.ServiceReference(name=KONG, port=PROXY_PORT)
    )
    labels = object_labels(KONG, COMPONENT, ownership)
    metadata = {"name": KONG, "namespace": NAMESPACE, "labels": labels}
    return {
        "apiVersion": bm.API_VERSION,
        "kind": "TargetGroupBinding",
        "metadata": metadata,
        "spec": spec.rendered(),
    }


def usages() -> Iterator[Usage]:
    """What is paid for by the hour: the load balancer, and the least that it counts of what it handles."""
    hours = Fraction(HOURS_A_MONTH)
    yield Usage(NAME, PLATFORM, "load balancer", BALANCER, hours, hours)
    yield Usage(NAME, PLATFORM, "one unit of capacity", BALANCER_UNIT, hours, hours)
