"""What the controllers of a cluster may use of AWS, as typed grants: registering pods, and moving the number of nodes.

Calls that describe take no resource in IAM (Service Authorization Reference, pages of EC2, Elastic Load Balancing and
EC2 Auto Scaling); all that changes anything names one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from infra.core.iam.place import AwsPlace
from infra.core.iam.statement import Statement, condition
from infra.core.models import Args

TARGET_READS = (
    "ec2:DescribeInstances",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)
TARGET_WRITES = ("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets")
"""What the load balancer controller needs where it makes nothing but the targets of groups that exist
(aws-load-balancer-controller 3.5.0, docs/deploy/installation.md, "You only want the LBC to add and remove IPs to
already existing target groups"), without the two that change a group: for a binding it calls neither
(pkg/targetgroupbinding)."""

SCALING_READS = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribeScalingActivities",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:GetInstanceTypesFromInstanceRequirements",
)
SCALING_WRITES = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")
GROUP_READS = ("eks:DescribeNodegroup",)
"""What the cluster autoscaler needs to find its groups by their tags (kubernetes/autoscaler, chart 9.59.0,
cluster-autoscaler/cloudprovider/aws/README.md, "Full Cluster Autoscaler Features Policy")."""


class TargetRegistration(Args):
    """Adding pods to one target group of a load balancer, and taking them out again."""

    kind: Literal["targets"] = "targets"
    group: str = Field(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,31}$", max_length=32, description="target group's name")

    def statements(self, place: AwsPlace, keys: Mapping[str, str]) -> Iterator[Statement]:  # noqa: ARG002 - one interface
        """Describing what is there, and the targets of the one group; ARNs end in an id that AWS chooses."""
        yield Statement("Describe", TARGET_READS, ("*",))
        yield Statement("Targets", TARGET_WRITES, (place.arn("elasticloadbalancing", f"targetgroup/{self.group}/*"),))


class GroupScaling(Args):
    """Moving the number of nodes of a cluster's groups, within the bounds that each has."""

    kind: Literal["scaling"] = "scaling"
    cluster: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", description="name of the EKS cluster")

    def statements(self, place: AwsPlace, keys: Mapping[str, str]) -> Iterator[Statement]:  # noqa: ARG002 - one interface
        """Describing groups and machines, and the size of the groups that EKS has tagged as this cluster's."""
        yield Statement("Describe", SCALING_READS, ("*",))
        yield Statement("NodeGroups", GROUP_READS, (place.arn("eks", f"nodegroup/{self.cluster}/*/*"),))
        yield scaling_statement(self.cluster, place)


def scaling_statement(cluster: str, place: AwsPlace) -> Statement:
    """Changing the size of a cluster's groups of machines, which EKS names `eks-` and tags as the cluster's.

    Args:
        cluster: the cluster's name.
        place: account and region.
    """
    groups = place.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/eks-*")
    owned = condition("StringEquals", f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}", "owned")
    return Statement("Scale", SCALING_WRITES, (groups,), owned)
