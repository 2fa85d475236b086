"""Nodes, add-ons, documents and prices of the cluster, as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from pydantic import Field

from infra.components.foundation.node_layout import NodeGroupSpec
from infra.components.foundation.resource_policies import document, log_key_policy
from infra.core.catalog.prices import CLUSTER, CPU, KMS_KEY, MEMORY, VOLUME, PriceCatalog
from infra.core.cost.usage import HOURS_A_MONTH, PLATFORM, Running, Usage
from infra.core.models import Args

NAME = "cluster"
"""Its name as a part of the platform."""

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All that a control plane can log (Amazon EKS User Guide, control plane logs)."""

LOG_DAYS = 365
NODE_DISK_GIB = 100
"""Disk of a node for images, logs and scratch volumes: a planning figure of this project."""

CLUSTER_POLICIES = ("AmazonEKSClusterPolicy",)
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""What a node itself needs (Amazon EKS node IAM role); what add-ons need they have by pod identity."""

ADMINISTRATOR_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


class Addon(Args):
    """An EKS add-on, in the version that EKS has as the default of the cluster's version."""

    name: str
    account: str | None = Field(default=None, description="service account that has a role of its own, in kube-system")
    policy: str | None = Field(default=None, description="managed policy of that role")
    values: dict[str, Any] = Field(default_factory=dict, description="configuration")


BEFORE_NODES = (
    Addon(name="kube-proxy"),
    Addon(name="eks-pod-identity-agent"),
    Addon(
        name="vpc-cni",
        account="aws-node",
        policy="AmazonEKS_CNI_Policy",
        # Without the first the derived network policies would be accepted and enforced by nobody.
        values={"enableNetworkPolicy": "true", "env": {"ENABLE_PREFIX_DELEGATION": "true"}},
    ),
)
"""What a node needs to become ready."""

AFTER_NODES = (
    Addon(name="coredns"),
    Addon(name="aws-ebs-csi-driver", account="ebs-csi-controller-sa", policy="service-role/AmazonEBSCSIDriverPolicy"),
    # It brings the definitions of snapshots (Amazon EKS User Guide, "Enable snapshot functionality for CSI volumes").
    Addon(name="snapshot-controller"),
)
"""What needs a node to become ready."""


class ClusterArgs(Args):
    """An EKS cluster."""

    name: str = Field(min_length=1, max_length=60, description="name of the cluster")
    account_id: str = Field(pattern=r"^[0-9]{12}$", description="account that owns it")
    region: str = Field(description="region that it is in")
    version: str = Field(description="minor version of Kubernetes")
    administrators: tuple[str, ...] = Field(min_length=1, description="IAM roles that administer it")
    public_access: tuple[str, ...] = Field(description="networks that reach its API from outside; none if empty")
    groups: tuple[NodeGroupSpec, ...] = Field(min_length=1, description="its nodes")
    node_tags: dict[str, str] = Field(description="tags of machines and disks, which AWS makes and not the program")
    keep: bool = Field(default=True, description="whether the cluster and its key outlive a mistake")


def role_name(args: ClusterArgs, role: str) -> str:
    """Name of an IAM role of the cluster; it carries the region, since roles belong to all regions of an account."""
    return f"{args.name}-{args.region}-{role}"


def key_alias_arn(args: ClusterArgs) -> str:
    """ARN of the key's alias, which EBS takes for a key (EC2 API, CreateVolume, KmsKeyId)."""
    return f"arn:aws:kms:{args.region}:{args.account_id}:alias/{args.name}"


def trust(service: str, *actions: str) -> str:
    """Trust policy for one service of AWS."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": [*actions]}
    return document([statement])


def log_group(args: ClusterArgs) -> str:
    """Log group that EKS writes to; it makes one without end or key if there is none."""
    return f"/aws/eks/{args.name}/cluster"


def key_policy(args: ClusterArgs) -> str:
    """Key policy for secrets, logs and disks.

    Machines are started by a role that AWS makes when the first group is made, so it cannot be named before: whoever
    in the account may use EBS in this region may use the key through it, as with AWS's own key for EBS.
    """
    disks = {
        "Sid": "DisksOfTheAccount",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:CallerAccount": args.account_id,
                "kms:ViaService": f"ec2.{args.region}.amazonaws.com",
            }
        },
    }
    return document([*log_key_policy(args.account_id, args.region, [log_group(args)]), disks])


def kubeconfig(args: ClusterArgs, endpoint: str, certificate: str) -> str:
    """Configuration of a client, which gets its token from AWS whenever it needs one; nothing in it is secret."""
    command = ["eks", "get-token", "--cluster-name", args.name, "--region", args.region, "--output", "json"]
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": command,
        "interactiveMode": "Never",
    }
    server = {"server": endpoint, "certificate-authority-data": certificate}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": args.name, "cluster": server}],
            "users": [{"name": args.name, "user": {"exec": token}}],
            "contexts": [{"name": args.name, "context": {"cluster": args.name, "user": args.name}}],
            "current-context": args.name,
        },
        sort_keys=True,
    )


def usages(args: ClusterArgs, prices: PriceCatalog, running: Iterable[Running]) -> Iterator[Usage]:
    """The control plane, disks, the key, and the room on the nodes that nobody asks for.

    Pods are priced by what they ask for, so a node costs what its pods cost and the rest, which is shown here.

    Args:
        args: the cluster.
        prices: the price table.
        running: every pod that is priced.
    """
    hours = Fraction(HOURS_A_MONTH)
    nodes = sum(group.initial for group in args.groups)
    asked = [usage for pods in running for usage in pods.usages() if usage.price in (CPU, MEMORY)]
    node = prices.usd(prices.node.price)
    typical = nodes * hours - sum(usage.typical * prices.usd(usage.price) for usage in asked) / node
    idle = nodes * hours - sum(usage.idle * prices.usd(usage.price) for usage in asked) / node
    room = f"room on {nodes} nodes that nobody asks for"
    yield Usage(NAME, PLATFORM, "control plane", CLUSTER, hours, hours)
    yield Usage(NAME, PLATFORM, room, prices.node.price, max(Fraction(0), typical), max(Fraction(0), idle))
    disks = Fraction(nodes * NODE_DISK_GIB)
    yield Usage(NAME, PLATFORM, "disks of nodes", VOLUME, disks, disks)
    yield Usage(NAME, PLATFORM, "key", KMS_KEY, Fraction(1), Fraction(1), Fraction(int(args.keep)))
