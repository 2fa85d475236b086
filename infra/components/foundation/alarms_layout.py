"""What is watched, and from when on it is an alarm: plain values.

Limits are planning figures of this project where no other source is named: they are there to be moved once it is known
what an ordinary day looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal

from pydantic import Field

from infra.core.catalog.prices import ALARM
from infra.core.cost.usage import PLATFORM, Usage
from infra.core.models import Args
from infra.core.quantity import gibibytes

MINUTE, FIVE_MINUTES = 60, 300

Statistic = Literal["Average", "Maximum", "Minimum", "Sum"]
Comparison = Literal["GreaterThanThreshold", "LessThanThreshold"]


class AlarmSpec(Args):
    """One alarm on one metric.

    ``subject`` names the dimension whose value only AWS knows; the component is given it under ``subject_of``.
    """

    name: str = Field(pattern=r"^[a-z0-9-]{1,100}$", description="end of its name")
    description: str = Field(min_length=10, max_length=1024, description="what is wrong, and what to do first")
    namespace: str = Field(description="namespace of the metric")
    metric: str = Field(description="the metric")
    dimensions: dict[str, str] = Field(description="dimensions whose values are known")
    subject: str | None = Field(default=None, description="dimension whose value is given to the component")
    subject_of: str | None = Field(default=None, description="name under which it is given")
    statistic: Statistic
    comparison: Comparison = "GreaterThanThreshold"
    threshold: float
    period: int = Field(default=FIVE_MINUTES, ge=60, description="seconds over which the statistic is taken")
    periods: int = Field(default=1, ge=1, le=100, description="periods in a row that must be beyond the threshold")


def cluster_alarms(cluster: str) -> Iterator[AlarmSpec]:
    """The control plane, by the metrics that EKS publishes for nothing (Amazon EKS User Guide, "Basic metrics")."""
    common = {"namespace": "AWS/EKS", "dimensions": {"ClusterName": cluster}}
    yield AlarmSpec(
        name="cluster-api-errors",
        description="The API server answers with errors of its own. Look at its log in the cluster's log group.",
        metric="apiserver_request_total_5XX",
        statistic="Sum",
        threshold=50,
        periods=3,
        **common,
    )
    yield AlarmSpec(
        name="cluster-pods-without-node",
        description="For a quarter of an hour pods have found no node. Look at their events: room, taints, volumes.",
        metric="scheduler_pending_pods_UNSCHEDULABLE",
        statistic="Sum",
        threshold=0,
        period=MINUTE,
        periods=15,
        **common,
    )
    yield AlarmSpec(
        name="cluster-storage",
        description="Three quarters of etcd's 8 GiB are used; when it is full the cluster takes no change any more.",
        metric="apiserver_storage_size_bytes",
        statistic="Maximum",
        # The limit of EKS (Amazon EKS Best Practices Guide, "Control plane").
        threshold=gibibytes(6),
        **common,
    )


def gateway_alarms(letters: Iterable[str]) -> Iterator[AlarmSpec]:
    """NAT gateways (Amazon VPC User Guide, "NAT gateway metrics and dimensions").

    Args:
        letters: zones that have a gateway; each is given as ``gateway-<letter>``.
    """
    for letter in letters:
        common = {
            "namespace": "AWS/NATGateway",
            "dimensions": {},
            "subject": "NatGatewayId",
            "subject_of": f"gateway-{letter}",
            "statistic": "Sum",
        }
        yield AlarmSpec(
            name=f"gateway-{letter}-ports",
            description="The gateway has no port left for one destination: connections to it fail.",
            metric="ErrorPortAllocation",
            threshold=0,
            **common,
        )
        yield AlarmSpec(
            name=f"gateway-{letter}-drops",
            description="The gateway drops packets. If it goes on, ask AWS's health dashboard about the zone.",
            metric="PacketsDropCount",
            threshold=100,
            periods=3,
            **common,
        )


def edge_alarms(firewall: str) -> Iterator[AlarmSpec]:
    """CloudFront and its firewall, whose metrics are in us-east-1.

    Args:
        firewall: metric name of the web ACL; the distribution's id is given as ``distribution``.
    """
    yield AlarmSpec(
        name="edge-errors",
        description="One request in twenty fails. Look at the access logs: the edge's own errors, or the origin's?",
        namespace="AWS/CloudFront",
        metric="5xxErrorRate",
        dimensions={"Region": "Global"},
        subject="DistributionId",
        subject_of="distribution",
        statistic="Average",
        threshold=5,
        periods=3,
    )
    yield AlarmSpec(
        name="edge-refusals",
        description="The firewall refuses much more than usual: an attack, or a rule that hits users. See its log.",
        namespace="AWS/WAFV2",
        metric="BlockedRequests",
        dimensions={"WebACL": firewall, "Rule": "ALL"},
        statistic="Sum",
        threshold=1000,
        periods=2,
    )


def database_alarms(identifier: str, *, storage: int) -> Iterator[AlarmSpec]:
    """An RDS instance (Amazon RDS User Guide, "Amazon CloudWatch metrics for Amazon RDS").

    Args:
        identifier: the instance's identifier.
        storage: its volume, in bytes.
    """
    common = {"namespace": "AWS/RDS", "dimensions": {"DBInstanceIdentifier": identifier}, "statistic": "Average"}
    yield AlarmSpec(
        name=f"{identifier}-storage",
        description="A tenth of the database's volume is left. Raise its largest size, or delete what nobody needs.",
        metric="FreeStorageSpace",
        comparison="LessThanThreshold",
        threshold=storage // 10,
        periods=3,
        **common,
    )
    yield AlarmSpec(
        name=f"{identifier}-cpu",
        description="The database has used nearly all its CPU for half an hour. Look for the query in its insights.",
        metric="CPUUtilization",
        threshold=90,
        periods=6,
        **common,
    )


def cache_alarms(cluster: str) -> Iterator[AlarmSpec]:
    """A node of an ElastiCache replication group (Amazon ElastiCache User Guide, "Metrics for Valkey and Redis OSS").

    Args:
        cluster: the node's cache cluster id.
    """
    common = {"namespace": "AWS/ElastiCache", "dimensions": {"CacheClusterId": cluster}}
    yield AlarmSpec(
        name=f"{cluster}-memory",
        description="The cache is nearly full: it forgets what is still wanted. Take larger nodes or shorter lives.",
        metric="DatabaseMemoryUsagePercentage",
        statistic="Average",
        threshold=85,
        periods=3,
        **common,
    )
    yield AlarmSpec(
        name=f"{cluster}-cpu",
        description="The cache's one thread has been busy for half an hour. Look at its slow log.",
        metric="EngineCPUUtilization",
        statistic="Average",
        threshold=90,
        periods=6,
        **common,
    )


def usages(alarms: Iterable[AlarmSpec], name: str) -> Iterator[Usage]:
    """Alarms are paid for one by one.

    Args:
        alarms: the alarms.
        name: part of the platform that they are counted with.
    """
    count = Fraction(sum(1 for _ in alarms))
    if count:
        yield Usage(name, PLATFORM, "alarms", ALARM, count, count)
